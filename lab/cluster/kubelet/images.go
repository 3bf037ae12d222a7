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
	"homelab/lab/cluster/grafana"
	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/kubevip"
	"homelab/lab/cluster/reloader"
	"homelab/lab/cluster/rook"
	"homelab/lab/cluster/snapshots"
	"homelab/lab/cluster/statemetrics"
	"homelab/lab/cluster/tailscale"
	"homelab/lab/cluster/volsync"
	"homelab/lab/cluster/webapp"
)

// knownImage is what runs for a container of an image, known by the last part of its repository, so that a
// registry mirror changes nothing.
type knownImage struct {
	repository string
	// container is the name of the one container that it is for, where the image has others.
	container string
	program   func(*corev1.Container) program.Program
}

// always is one program for all containers of an image.
func always(one program.Program) func(*corev1.Container) program.Program {
	return func(*corev1.Container) program.Program { return one }
}

var knownImages = []knownImage{
	{repository: "kube-vip/kube-vip", program: always(kubevip.Run)},
	{repository: "kube-vip/kube-vip-iptables", program: always(kubevip.Run)},
	{repository: "cilium/cilium", container: "cilium-agent", program: always(cilium.RunAgent)},
	{repository: "cilium/operator-generic", program: always(cilium.RunOperator)},
	{repository: "cilium/operator", program: always(cilium.RunOperator)},
	{repository: "cilium/cilium-envoy", program: always(cilium.RunEnvoy)},
	{repository: "cilium/certgen", program: always(certgen.Run)},
	{repository: "cloudflare/cloudflared", program: always(cloudflared.Run)},
	{repository: "1password/connect-api", program: always(connect.RunAPI)},
	{repository: "1password/connect-sync", program: always(connect.RunSync)},
	{repository: "stakater/reloader", program: always(reloader.Run)},
	{repository: "csi-node-driver-registrar", program: always(runRegistrar)},
	{repository: "tailscale/k8s-operator", program: always(tailscale.RunOperator)},
	{repository: "tailscale/tailscale", program: always(tailscale.RunProxy)},
	{repository: "rook/ceph", program: rook.Program},
	{repository: "ceph/ceph", program: rook.Program},
	{repository: "cephcsi/ceph-csi-operator", program: always(csi.RunOperator)},
	{repository: "sig-storage/csi-provisioner", program: always(csi.RunProvisioner)},
	{repository: "sig-storage/csi-resizer", program: always(csi.RunResizer)},
	{repository: "sig-storage/csi-attacher", program: always(csi.RunAttacher)},
	{repository: "sig-storage/csi-snapshotter", program: always(csi.RunSnapshotter)},
	{repository: "sig-storage-snapshot-controller", program: always(snapshots.Run)},
	{repository: "hardened-snapshot-controller", program: always(snapshots.Run)},
	{repository: "kube-state-metrics/kube-state-metrics", program: always(statemetrics.Run)},
	{repository: "grafana/grafana", program: always(grafana.Run)},
	{repository: "backube/volsync", container: "manager", program: always(volsync.RunManager)},
}

// programOf returns the program of a container whose image the lab knows, else the web application if
// it has a port for one and its pod is to run on, else nil.
func programOf(pod *corev1.Pod, container *corev1.Container) program.Program {
	repository := repositoryOf(container.Image)
	for _, one := range knownImages {
		if strings.HasSuffix(repository, one.repository) && (one.container == "" || one.container == container.Name) {
			return one.program(container)
		}
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
