// Package kubelet is the lab's stand-in for the kubelet. It registers its node, keeps the node's
// lease and status, and runs the pods bound to it: a container whose image the table of package process
// has is a process of the machine, one that has a Program, by its image or its port, runs it in this
// process; any other becomes Running, and Ready after its probes' delays.
package kubelet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"

	"k8s.io/client-go/kubernetes/scheme"

	"homelab/lab/cluster/kubelet/podnet"
	"homelab/lab/cluster/loopback"
)

type kubelet struct {
	// options are those at the start; what may change while the node runs is in settings.
	options  Options
	settings atomic.Pointer[settings]
	reloaded chan struct{}
	leaseDue chan struct{}
	// silent is whether a real kubelet would not run now.
	silent   atomic.Bool
	nodeIP   netip.Addr
	config   *rest.Config
	client   kubernetes.Interface
	recorder record.EventRecorder
	network  *podNetwork
	services *serviceNames
	// pods are those bound to the node, mirror pods among them.
	pods cache.SharedIndexInformer
	// addresses are those of pods with programs, which this machine answers at.
	addresses *loopback.Addresses
	// used are the attachable volumes of each pod.
	usedChanged chan struct{}
	used        map[types.UID][]corev1.UniqueVolumeName
	usedMu      sync.Mutex
	// specs are the containers that run as processes, by specKey.
	specs sync.Map
	log   *slog.Logger
}

// Run registers the node and runs its pods until ctx ends, then stops the pods' programs and
// returns nil. The Node stays, as it does when a machine is switched off. It returns an error only
// for options that cannot work; an unreachable API is waited for. Options that come from reload are
// applied to the running node as a restart of the kubelet would, see reload.go; reload may be nil.
func Run(ctx context.Context, o Options, reload <-chan Options) error {
	k, err := newKubelet(o)
	if err != nil {
		return fmt.Errorf("kubelet %s: %w", o.NodeName, err)
	}
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: k.client.CoreV1().Events("")})
	defer broadcaster.Shutdown()
	k.recorder = broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "kubelet", Host: o.NodeName})

	if err := errors.Join(k.addresses.Sweep(), podnet.Sweep()); err != nil {
		return fmt.Errorf("kubelet %s: %w", o.NodeName, err)
	}
	server, err := k.serve()
	if err != nil {
		return fmt.Errorf("kubelet %s: %w", o.NodeName, err)
	}
	defer server.Close()
	node, err := k.register(ctx)
	if err != nil {
		return nil //nolint:nilerr // register fails only when ctx ends
	}
	var parts sync.WaitGroup
	for _, part := range []func(){
		func() { k.keepLease(ctx, node) },
		func() { k.keepStatus(ctx) },
		func() { k.showStaticPods(ctx, node) },
		func() { k.services.follow(ctx) },
		func() { k.runPods(ctx) },
		func() { k.follow(ctx, reload) },
	} {
		parts.Go(part)
	}
	parts.Wait()
	return nil
}

func newKubelet(o Options) (*kubelet, error) {
	parsed, address, err := validate(o)
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", o.Kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 50, 100
	config.UserAgent = "kubelet/" + o.Version
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	log := o.Logger
	if log == nil {
		log = slog.Default()
	}
	k := &kubelet{
		options: o, nodeIP: address, config: config, client: client, reloaded: make(chan struct{}, 1), leaseDue: make(chan struct{}, 1),
		network: newPodNetwork(), services: newServiceNames(client, o.ClusterDomain), pods: boundPods(client, o.NodeName),
		addresses: loopback.New("pod"), usedChanged: make(chan struct{}, 1), used: map[types.UID][]corev1.UniqueVolumeName{}, log: log.With("node", o.NodeName),
	}
	k.settings.Store(parsed)
	return k, nil
}
