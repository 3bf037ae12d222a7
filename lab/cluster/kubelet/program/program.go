// Package program says what a container of a known image gets from the kubelet stand-in and how it
// reports back. The kubelet runs a Program in the container's place.
package program

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
)

// Program is a container's behaviour. It runs until ctx ends and then has undone what must not
// outlive it. An error, or a return before ctx ends, is the container's crash: it is restarted, with
// another ctx, for this one ends with it. In a pod of a job a return without an error is the end of
// its work.
type Program func(ctx context.Context, c Container) error

// Container is what a Program sees of its container, pod and node.
type Container struct {
	Node   string
	NodeIP netip.Addr
	// PodIP is the pod's address, the node's for a pod on the host network. While the program runs
	// it is an address of the machine, so that the program can listen at it and be reached there.
	PodIP netip.Addr
	Pod   *corev1.Pod
	Spec  *corev1.Container
	// Env is the container's environment, with references and `$(NAME)` resolved.
	Env map[string]string
	// API reaches the API server with a token of the pod's service account, so that the
	// permissions of its manifest hold. Its address is KUBERNETES_SERVICE_HOST and _PORT if the
	// manifest sets them, else the node's own way to the API.
	API *rest.Config
	// ConfigVolume returns the files of a ConfigMap that the pod mounts as the named volume.
	ConfigVolume func(ctx context.Context, volume string) (map[string]string, error)
	// SecretVolume does the same for a volume with a Secret, alone or projected; the values are
	// the secrets as they are, not encoded. The node reads it, not the pod's service account.
	SecretVolume func(ctx context.Context, volume string) (map[string]string, error)
	// Resolve gives the IPv4 address of a host as the pod's resolver would: a literal address, the
	// cluster IP of a Service by its short or full name, or what the machine's resolver answers.
	Resolve func(ctx context.Context, host string) (netip.Addr, error)
	// Ready tells whether the readiness probe would pass; false at the start.
	Ready func(bool)
	// Network is the node's container network interface.
	Network Network
	// Drivers are the node's storage drivers.
	Drivers Drivers
	Logger  *slog.Logger
}

// longestDelay bounds a container's way from Running to Ready, whatever its probes ask for.
const longestDelay = 2 * time.Second

// ProbeDelay is the initial delay of the startup and readiness probes, at most longestDelay.
func ProbeDelay(container *corev1.Container) time.Duration {
	seconds := int32(0)
	for _, probe := range []*corev1.Probe{container.StartupProbe, container.ReadinessProbe} {
		if probe != nil {
			seconds += probe.InitialDelaySeconds
		}
	}
	return min(time.Duration(seconds)*time.Second, longestDelay)
}

// Network is how a CNI program makes the node's pod network usable.
type Network interface {
	// Provide says that pods get addresses from cidr; the node becomes Ready.
	Provide(cidr netip.Prefix)
}

// Drivers is the node's list of CSI drivers, which volumes are refused without.
type Drivers interface {
	Register(ctx context.Context, driver string) error
	Unregister(ctx context.Context, driver string) error
}
