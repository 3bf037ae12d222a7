package kubelet

import (
	"log/slog"

	corev1 "k8s.io/api/core/v1"
)

// Options say which node this kubelet is and how it reaches the API.
type Options struct {
	// NodeName is the Node's name; the client certificate must be for `system:node:NodeName`.
	NodeName string
	// NodeIP is the node's InternalIP, an IPv4 address without a prefix length.
	NodeIP string
	// Version is reported as the kubelet's version, for example `v1.36.3+rke2r1`.
	Version string
	// Kubeconfig is the path of the kubeconfig with the node's client certificate.
	Kubeconfig string
	// Serving is the path, without its ending, of the certificate and key for the kubelet's port; empty for one that signs
	// itself. ClientCA is the file of the authority of those who come there.
	Serving, ClientCA string
	// Labels are set when the node registers. The API refuses `node-role.kubernetes.io/*` here
	// (NodeRestriction); see RoleLabels.
	Labels map[string]string
	// Taints are set only when the node registers for the first time, as the real kubelet does.
	Taints []corev1.Taint
	// Roles are the node's roles (`control-plane`, `etcd`). The kubelet itself may not label its
	// node with them; a controller with more rights applies RoleLabels(Roles).
	Roles []string
	// Args are kubelet arguments in RKE2's form, `key=value` without dashes.
	Args []string
	// ConfigDir is the folder of the kubelet's drop-ins; empty for none.
	ConfigDir string
	// MemoryMiB and CPUs are the machine's size.
	MemoryMiB int
	CPUs      int
	// ClusterDNS and ClusterDomain are what pods would resolve with.
	ClusterDNS    string
	ClusterDomain string
	// ControlPlanePods are shown as mirror pods in kube-system.
	ControlPlanePods []StaticPod
	// Logger receives what the kubelet does; nil means slog.Default().
	Logger *slog.Logger `json:"-"`
}

// StaticPod is a pod of the control plane that runs outside of the API's control.
type StaticPod struct {
	// Name is the pod's name without the node's name, for example `kube-apiserver`.
	Name string
	// Image is the image shown, for example `rancher/hardened-etcd:v3.6.14-k3s1-build20260723`.
	Image string
}

// RoleLabels returns the labels that show roles in `kubectl get nodes`. NodeRestriction forbids a
// kubelet to set them on its own node; the servers' controller does it.
func RoleLabels(roles []string) map[string]string {
	labels := make(map[string]string, len(roles))
	for _, role := range roles {
		labels["node-role.kubernetes.io/"+role] = "true"
	}
	return labels
}
