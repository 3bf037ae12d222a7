package kubelet

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"homelab/lab/cluster/certgen"
	"homelab/lab/cluster/cilium"
	"homelab/lab/cluster/cloudflared"
	"homelab/lab/cluster/connect"
	"homelab/lab/cluster/csi"
	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/kubevip"
	"homelab/lab/cluster/reloader"
	"homelab/lab/cluster/rook"
	"homelab/lab/cluster/snapshots"
	"homelab/lab/cluster/tailscale"
	"homelab/lab/cluster/webapp"
)

// programOf returns the program of a container whose image the lab knows, else the web application if
// it has a port for one and its pod is to run on, else nil. An image is known by the last part of its
// repository, so that a registry mirror changes nothing.
func programOf(pod *corev1.Pod, container *corev1.Container) program.Program {
	repository := repositoryOf(container.Image)
	switch {
	case strings.HasSuffix(repository, "kube-vip/kube-vip"), strings.HasSuffix(repository, "kube-vip/kube-vip-iptables"):
		return kubevip.Run
	case strings.HasSuffix(repository, "cilium/cilium") && container.Name == "cilium-agent":
		return cilium.RunAgent
	case strings.HasSuffix(repository, "cilium/operator-generic"), strings.HasSuffix(repository, "cilium/operator"):
		return cilium.RunOperator
	case strings.HasSuffix(repository, "cilium/certgen"):
		return certgen.Run
	case strings.HasSuffix(repository, "cloudflare/cloudflared"):
		return cloudflared.Run
	case strings.HasSuffix(repository, "1password/connect-api"):
		return connect.RunAPI
	case strings.HasSuffix(repository, "1password/connect-sync"):
		return connect.RunSync
	case strings.HasSuffix(repository, "stakater/reloader"):
		return reloader.Run
	case strings.HasSuffix(repository, "csi-node-driver-registrar"):
		return runRegistrar
	case strings.HasSuffix(repository, "tailscale/k8s-operator"):
		return tailscale.RunOperator
	case strings.HasSuffix(repository, "tailscale/tailscale"):
		return tailscale.RunProxy
	case strings.HasSuffix(repository, "rook/ceph"), strings.HasSuffix(repository, "ceph/ceph"):
		return rook.Program(container)
	case strings.HasSuffix(repository, "cephcsi/ceph-csi-operator"):
		return csi.RunOperator
	case strings.HasSuffix(repository, "sig-storage/csi-provisioner"):
		return csi.RunProvisioner
	case strings.HasSuffix(repository, "sig-storage/csi-resizer"):
		return csi.RunResizer
	case strings.HasSuffix(repository, "sig-storage/csi-attacher"):
		return csi.RunAttacher
	case strings.HasSuffix(repository, "sig-storage/csi-snapshotter"):
		return csi.RunSnapshotter
	case strings.HasSuffix(repository, "sig-storage-snapshot-controller"), strings.HasSuffix(repository, "hardened-snapshot-controller"):
		return snapshots.Run
	}
	if _, serves := webapp.Port(container); serves && restartsAlways(pod) {
		return webapp.Run
	}
	return nil
}

// policyOf is the pod's restart policy.
func policyOf(pod *corev1.Pod) corev1.RestartPolicy {
	if pod.Spec.RestartPolicy == "" {
		return corev1.RestartPolicyAlways
	}
	return pod.Spec.RestartPolicy
}

// restartsAlways is whether a pod's containers are to run on; the default is that they are.
func restartsAlways(pod *corev1.Pod) bool {
	return policyOf(pod) == corev1.RestartPolicyAlways
}

// repositoryOf cuts digest and tag from an image reference.
func repositoryOf(image string) string {
	repository, _, _ := strings.Cut(image, "@")
	if colon := strings.LastIndex(repository, ":"); colon > strings.LastIndex(repository, "/") {
		repository = repository[:colon]
	}
	return repository
}

// missingTags are tags that no registry has, for rehearsing a release that cannot be pulled.
var missingTags = []string{"nonexistent", "missing", "does-not-exist"}

// pullError is containerd's error for an image that cannot be had: a malformed reference, or one of
// missingTags. Every other image counts as present; no registry is asked.
func pullError(image string) error {
	reference, _, _ := strings.Cut(image, "@")
	if image == "" || strings.ContainsAny(image, " \t\n") || strings.HasPrefix(reference, ":") {
		return fmt.Errorf("failed to apply default image tag %q: couldn't parse image name %q: invalid reference format", image, image)
	}
	for _, tag := range missingTags {
		if strings.HasSuffix(reference, ":"+tag) {
			return fmt.Errorf("rpc error: code = NotFound desc = failed to pull and unpack image %q: "+
				"failed to resolve reference %q: %s: not found", image, image, image)
		}
	}
	return nil
}
