package kubelet

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/uuid"
)

// reportInterval is how often an unchanged status is written all the same (the kubelet's
// nodeStatusReportFrequency, 5 min; leases carry the heartbeat in between).
const reportInterval = 5 * time.Minute

var bootID = string(uuid.NewUUID())

// register creates the Node, or brings the labels of the one that exists up to date, and waits for
// the API for as long as that takes. Taints are set only on creation.
func (k *kubelet) register(ctx context.Context) (*corev1.Node, error) {
	var node *corev1.Node
	err := k.insist(ctx, "register the node", func() (err error) {
		nodes := k.client.CoreV1().Nodes()
		node, err = nodes.Get(ctx, k.options.NodeName, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			node, err = nodes.Create(ctx, k.newNode(), metav1.CreateOptions{})
			return err
		}
		if err != nil {
			return err
		}
		changed := node.DeepCopy()
		if changed.Labels == nil {
			changed.Labels = map[string]string{}
		}
		maps.Copy(changed.Labels, k.labels())
		if maps.Equal(changed.Labels, node.Labels) {
			return nil
		}
		node, err = nodes.Update(ctx, changed, metav1.UpdateOptions{})
		return err
	})
	return node, err
}

func (k *kubelet) labels() map[string]string {
	labels := map[string]string{
		corev1.LabelHostname:   k.options.NodeName,
		corev1.LabelOSStable:   "linux",
		corev1.LabelArchStable: runtime.GOARCH,
	}
	maps.Copy(labels, k.settings.Load().options.Labels)
	return labels
}

func (k *kubelet) newNode() *corev1.Node {
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: k.options.NodeName, Labels: k.labels(),
			Annotations: map[string]string{"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
		},
		Spec: corev1.NodeSpec{Taints: k.settings.Load().options.Taints},
	}
	k.fillStatus(&node.Status)
	return node
}

// keepStatus writes the node's status when it changes, when the network becomes ready, when another
// party changed it (the node controller after an outage), and at least every reportInterval. After
// changed options it registers the node again, as a kubelet does that was restarted for them.
func (k *kubelet) keepStatus(ctx context.Context) {
	ticker := time.NewTicker(k.settings.Load().args.statusFrequency)
	defer ticker.Stop()
	networkReady := k.network.ready
	var reported time.Time
	for {
		wrote, err := k.reportStatus(ctx, time.Since(reported) >= reportInterval)
		if wrote {
			reported = time.Now()
		}
		if err != nil && ctx.Err() == nil {
			k.log.Warn("cannot report the node's status; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-networkReady:
			networkReady = nil
		case <-k.usedChanged:
		case <-k.reloaded:
			ticker.Reset(k.settings.Load().args.statusFrequency)
			if _, err := k.register(ctx); err != nil {
				return
			}
			reported = time.Time{}
		case <-ticker.C:
		}
	}
}

func (k *kubelet) reportStatus(ctx context.Context, force bool) (wrote bool, err error) {
	if k.silent.Load() {
		return false, nil
	}
	current, err := k.client.CoreV1().Nodes().Get(ctx, k.options.NodeName, metav1.GetOptions{})
	if err != nil {
		return false, err
	}
	changed := current.DeepCopy()
	differs := k.fillStatus(&changed.Status)
	if !differs && !force {
		return false, nil
	}
	_, err = k.client.CoreV1().Nodes().UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	return err == nil, err
}

// fillStatus writes this kubelet's part of the status and tells whether more than heartbeats changed.
func (k *kubelet) fillStatus(status *corev1.NodeStatus) (differs bool) {
	before := status.DeepCopy()
	status.Addresses = []corev1.NodeAddress{
		{Type: corev1.NodeInternalIP, Address: k.nodeIP.String()},
		{Type: corev1.NodeHostName, Address: k.options.NodeName},
	}
	status.Capacity, status.Allocatable = k.resources()
	status.DaemonEndpoints.KubeletEndpoint.Port = apiPort
	status.NodeInfo = corev1.NodeSystemInfo{
		MachineID: fmt.Sprintf("%x", k.options.NodeName), SystemUUID: k.options.NodeName, BootID: bootID,
		KernelVersion: "6.12.0-lab", OSImage: "Debian GNU/Linux 13 (trixie)", OperatingSystem: "linux",
		Architecture: runtime.GOARCH, ContainerRuntimeVersion: "containerd://2.1.5-k3s1",
		KubeletVersion: k.options.Version,
	}
	now := metav1.Now()
	ready := corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionFalse,
		Reason: "KubeletNotReady", Message: notInitialised}
	if k.network.isReady() {
		ready.Status, ready.Reason, ready.Message = corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"
	}
	for _, condition := range []corev1.NodeCondition{
		healthy(corev1.NodeMemoryPressure, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
		k.diskPressure(),
		healthy(corev1.NodePIDPressure, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
		ready,
	} {
		condition.LastHeartbeatTime = now
		if setNodeCondition(status, condition) {
			differs = true
		}
	}
	status.VolumesInUse = k.volumesInUse()
	return differs || !slices.Equal(before.VolumesInUse, status.VolumesInUse) || before.NodeInfo != status.NodeInfo || len(before.Addresses) != len(status.Addresses) ||
		!sameResources(before.Allocatable, status.Allocatable) || !sameResources(before.Capacity, status.Capacity)
}

func healthy(kind corev1.NodeConditionType, reason, message string) corev1.NodeCondition {
	return corev1.NodeCondition{Type: kind, Status: corev1.ConditionFalse, Reason: reason, Message: message}
}

func setNodeCondition(status *corev1.NodeStatus, condition corev1.NodeCondition) (changed bool) {
	for i := range status.Conditions {
		existing := &status.Conditions[i]
		if existing.Type != condition.Type {
			continue
		}
		condition.LastTransitionTime = existing.LastTransitionTime
		changed = existing.Status != condition.Status || existing.Reason != condition.Reason
		if existing.Status != condition.Status {
			condition.LastTransitionTime = condition.LastHeartbeatTime
		}
		*existing = condition
		return changed
	}
	condition.LastTransitionTime = condition.LastHeartbeatTime
	status.Conditions = append(status.Conditions, condition)
	return true
}

func sameResources(a, b corev1.ResourceList) bool {
	return maps.EqualFunc(a, b, func(x, y resource.Quantity) bool { return x.Cmp(y) == 0 })
}

// resources returns capacity, and what is left for pods after reservations and the hard eviction
// threshold (https://kubernetes.io/docs/tasks/administer-cluster/reserve-compute-resources/).
func (k *kubelet) resources() (capacity, allocatable corev1.ResourceList) {
	now := k.settings.Load()
	capacity = corev1.ResourceList{
		corev1.ResourceCPU:              *resource.NewQuantity(int64(now.options.CPUs), resource.DecimalSI),
		corev1.ResourceMemory:           *resource.NewQuantity(int64(now.options.MemoryMiB)<<20, resource.BinarySI),
		corev1.ResourceEphemeralStorage: *resource.NewQuantity(60<<30, resource.BinarySI),
		corev1.ResourcePods:             *resource.NewQuantity(now.args.maxPods, resource.DecimalSI),
	}
	allocatable = capacity.DeepCopy()
	eviction := corev1.ResourceList{corev1.ResourceMemory: now.args.evictionMemory}
	for _, reservation := range []corev1.ResourceList{now.args.systemReserved, now.args.kubeReserved, eviction} {
		for name, amount := range reservation {
			if left, ok := allocatable[name]; ok {
				left.Sub(amount)
				if left.Sign() < 0 {
					left = resource.Quantity{}
				}
				allocatable[name] = left
			}
		}
	}
	return capacity, allocatable
}
