package kubelet

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/fieldpath"
)

func cut(text, prefix string) (string, bool) { return strings.CutPrefix(text, prefix) }

// field resolves a downward-API field path
// (https://kubernetes.io/docs/concepts/workloads/pods/downward-api/).
func (k *kubelet) field(pod *corev1.Pod, path, podIP string) (string, error) {
	switch path {
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs":
		return k.nodeIP.String(), nil
	case "status.podIP", "status.podIPs":
		return podIP, nil
	}
	return fieldpath.ExtractFieldPathAsString(pod, path)
}

// downward is the content of a file of the downward API.
func (k *kubelet) downward(pod *corev1.Pod, item corev1.DownwardAPIVolumeFile, address netip.Addr) (string, error) {
	if item.FieldRef != nil {
		return k.field(pod, item.FieldRef.FieldPath, address.String())
	}
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if item.ResourceFieldRef != nil && list[i].Name == item.ResourceFieldRef.ContainerName {
				return strconv.FormatInt(resourceField(&list[i], item.ResourceFieldRef), 10), nil
			}
		}
	}
	return "", fmt.Errorf("file %s of the downward API names neither a field nor a container", item.Path)
}
