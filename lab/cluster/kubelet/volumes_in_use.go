package kubelet

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// use notes which attachable volumes a pod has. The attach controller detaches none that the node's
// status names (status.volumesInUse), so that a change is reported at once.
func (k *kubelet) use(pod types.UID, names []corev1.UniqueVolumeName) {
	k.usedMu.Lock()
	changed := !slices.Equal(k.used[pod], names)
	k.used[pod] = names
	if len(names) == 0 {
		delete(k.used, pod)
	}
	k.usedMu.Unlock()
	if changed {
		select {
		case k.usedChanged <- struct{}{}:
		default:
		}
	}
}

func (k *kubelet) volumesInUse() []corev1.UniqueVolumeName {
	k.usedMu.Lock()
	defer k.usedMu.Unlock()
	names := map[corev1.UniqueVolumeName]bool{}
	for _, list := range k.used {
		for _, name := range list {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
