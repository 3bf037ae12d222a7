package kubelet

import (
	"homelab/lab/cluster/rootdisk"

	corev1 "k8s.io/api/core/v1"
)

// fullFrom is where a node is short of disk, in percent of its use: RKE2 gives its kubelet the
// threshold nodefs.available<5%. Here the condition goes as soon as there is room again, without
// the five minutes of eviction-pressure-transition-period, and no pod is evicted.
const fullFrom = 95

// diskPressure is the node's condition; the node controller makes the taint
// node.kubernetes.io/disk-pressure of it.
func (k *kubelet) diskPressure() corev1.NodeCondition {
	condition := healthy(corev1.NodeDiskPressure, "KubeletHasNoDiskPressure", "kubelet has no disk pressure")
	percent, err := rootdisk.Use(rootdisk.Condition)
	if err != nil {
		k.log.Error("cannot tell how full the disk is", "error", err)
		return condition
	}
	if percent > fullFrom {
		condition.Status = corev1.ConditionTrue
		condition.Reason, condition.Message = "KubeletHasDiskPressure", "kubelet has disk pressure"
	}
	return condition
}
