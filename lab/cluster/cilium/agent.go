package cilium

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/loopback"
	"homelab/lab/cluster/passes"
	"homelab/lab/cluster/serviceproxy"
)

// countsEvery is how often the BGP route counts in the node config's status are looked at.
const countsEvery = 5 * time.Second

// again is the pause before a pass that failed is made once more.
const again = 500 * time.Millisecond

// agent is the work on one node.
type agent struct {
	*cluster
	container program.Container
	settings  settings
	nodes     informers.SharedInformerFactory
	speakers  map[string]*speaker
	// sessions are the BGP sessions as last seen.
	sessions  atomic.Pointer[bgpNodeConfigStatus]
	provided  netip.Prefix
	proxy     *serviceproxy.Proxy
	enforcer  *enforcer
	announcer *announcer
	routes    podRoutes
	// unmasqueraded are the destinations that pods reach from their own addresses, once that is in place.
	unmasqueraded []netip.Prefix
}

// RunAgent registers the node's CiliumNode, makes the pod network ready once the operator has given
// it a pod CIDR, routes to the other nodes' pods, proxies Services if it replaces kube-proxy, and
// speaks BGP as the node's CiliumBGPNodeConfig says.
func RunAgent(ctx context.Context, c program.Container) error {
	cluster, err := newCluster(c)
	if err != nil {
		return err
	}
	namespace, name := c.Pod.Namespace, "cilium-config"
	config, err := cluster.client.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("cannot read its configuration: %w", err)
	}
	settings, err := parseSettings(config.Data)
	if err != nil {
		return err
	}
	a := &agent{cluster: cluster, container: c, settings: settings, speakers: map[string]*speaker{}}
	defer a.stopSpeakers()
	if err := tellMetrics(ctx, c, map[string]func() string{metricsPort: a.metrics, hubbleMetricsPort: nothingCounted}); err != nil {
		return err
	}
	if err := a.awaitDefinitions(ctx); err != nil {
		return err
	}
	if err := a.followAll(); err != nil {
		return err
	}
	a.nodes.Start(ctx.Done())
	if err := a.start(ctx); err != nil {
		return err
	}
	defer a.core.Shutdown()
	if settings.serviceProxy {
		device := loopback.New("svc")
		if err := device.Sweep(); err != nil {
			return err
		}
		if a.proxy, err = serviceproxy.New(device, settings.access); err != nil {
			return err
		}
	}
	if a.enforcer, err = newEnforcer(); err != nil {
		return err
	}
	var lookups sync.WaitGroup
	lookups.Go(func() { a.enforcer.names.follow(ctx, a.changed.Notify) })
	defer lookups.Wait()
	defer a.stopTraffic()
	if settings.l2 {
		if err := sweepL2(); err != nil {
			return err
		}
		a.announcer = &announcer{
			client: cluster.client, namespace: c.Pod.Namespace, node: c.Node, settings: settings, log: c.Logger,
			hold: func(leading context.Context, link string, address netip.Addr) error {
				return holdOnLink(leading, link, address, a)
			},
			candidates: map[announcement]*candidate{},
		}
		defer a.announcer.close()
	}
	go a.changed.Every(ctx, countsEvery)
	passes.Repeat(ctx, a.changed, again, c.Logger, a.pass)
	return nil
}

// awaitDefinitions waits until the operator has installed the CRDs that the agent reads.
func (a *agent) awaitDefinitions(ctx context.Context) error {
	for _, kind := range kinds {
		if err := awaitEstablished(ctx, a.dynamic, kind.plural+"."+group); err != nil {
			return fmt.Errorf("still waiting for Cilium Operator to register CRD %s: %w", kind.kind, err)
		}
	}
	return nil
}

func (a *agent) followAll() error {
	a.nodes = informers.NewSharedInformerFactoryWithOptions(a.client, 0,
		informers.WithTweakListOptions(func(o *metav1.ListOptions) {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", a.container.Node).String()
		}))
	pods := a.core.Core().V1().Pods().Informer()
	err := errors.Join(
		pods.SetTransform(slim), a.follow(pods), a.follow(a.core.Discovery().V1().EndpointSlices().Informer()),
		a.follow(a.nodes.Core().V1().Nodes().Informer()), a.followCustom(ciliumNodes), a.followCustom(policyKinds...))
	if a.settings.l2 {
		err = errors.Join(err, a.followCustom(l2Policies))
	}
	if a.settings.bgp || a.settings.l2 || a.settings.serviceProxy {
		err = errors.Join(err, a.follow(a.core.Core().V1().Services().Informer()))
	}
	if a.settings.serviceProxy && a.settings.localRedirect {
		err = errors.Join(err, a.followCustom(localRedirects))
	}
	if a.settings.bgp {
		err = errors.Join(err, a.followCustom(bgpNodeConfigs, bgpPeerConfigs, bgpAdvertisements))
	}
	return err
}

// slim leaves out of a pod what no agent asks for.
func slim(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	slimmer := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion, Labels: pod.Labels,
		},
		Spec: corev1.PodSpec{
			NodeName: pod.Spec.NodeName, HostNetwork: pod.Spec.HostNetwork, ServiceAccountName: pod.Spec.ServiceAccountName,
		},
		Status: corev1.PodStatus{Phase: pod.Status.Phase, PodIP: pod.Status.PodIP, Conditions: pod.Status.Conditions},
	}
	for _, container := range pod.Spec.Containers {
		slimmer.Spec.Containers = append(slimmer.Spec.Containers, corev1.Container{Name: container.Name, Ports: container.Ports})
	}
	return slimmer, nil
}

func (a *agent) pass(ctx context.Context) error {
	node, err := a.nodes.Core().V1().Nodes().Lister().Get(a.container.Node)
	if err != nil {
		return err
	}
	cidrs, err := a.keepCiliumNode(ctx, node)
	if err != nil {
		return err
	}
	if len(cidrs) > 0 && cidrs[0] != a.provided {
		a.provided = cidrs[0]
		a.container.Network.Provide(cidrs[0])
		a.container.Ready(true)
	}
	err = a.carryTraffic(cidrs, node.Labels)
	if a.settings.l2 {
		err = errors.Join(err, a.announceOnLinks(ctx, node.Labels))
	}
	if a.settings.bgp {
		err = errors.Join(err, a.speak(ctx, cidrs))
	}
	return err
}

// keepCiliumNode creates the node's CiliumNode, keeps its labels those of the Node, and returns the
// pod CIDRs that the operator has allocated.
func (a *agent) keepCiliumNode(ctx context.Context, node *corev1.Node) ([]netip.Prefix, error) {
	nodes := a.dynamic.Resource(ciliumNodes)
	current, ok, err := find[ciliumNode](a.cluster, ciliumNodes, node.Name)
	if err != nil {
		return nil, err
	}
	if !ok {
		object, err := encode(ciliumNode{
			TypeMeta: metav1.TypeMeta{APIVersion: group + "/v2", Kind: "CiliumNode"},
			ObjectMeta: metav1.ObjectMeta{Name: node.Name, Labels: node.Labels, OwnerReferences: []metav1.OwnerReference{
				{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID},
			}},
			Spec: ciliumNodeSpec{Addresses: []ciliumNodeAddress{{Type: "InternalIP", IP: a.container.NodeIP.String()}}},
		})
		if err != nil {
			return nil, err
		}
		if _, err = nodes.Create(ctx, object, metav1.CreateOptions{}); apierrors.IsAlreadyExists(err) {
			err = nil
		}
		return nil, err
	}
	if !maps.Equal(current.Labels, node.Labels) {
		current.Labels = node.Labels
		object, err := encode(current)
		if err != nil {
			return nil, err
		}
		if _, err = nodes.Update(ctx, object, metav1.UpdateOptions{}); err != nil {
			return nil, err
		}
	}
	var cidrs []netip.Prefix
	for _, text := range current.Spec.IPAM.PodCIDRs {
		cidr, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("CiliumNode %s: spec.ipam.podCIDRs: %w", node.Name, err)
		}
		cidrs = append(cidrs, cidr)
	}
	return cidrs, nil
}
