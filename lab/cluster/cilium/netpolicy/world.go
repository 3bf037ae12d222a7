package netpolicy

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// World is who may be meant by a policy.
type World struct {
	cluster string
	// endpoints and identities, the labels that Cilium knows each by, are in the same order.
	endpoints  []Endpoint
	identities []map[string]string
	nodes      []Node
	resolve    func(name string) []netip.Addr
	// managed are the addresses that Cilium knows as pods or machines, which no network of a rule means.
	managed []netip.Addr
}

// NewWorld is the world of a cluster with this name; resolve gives the addresses that a name leads to, as far as they are
// known.
func NewWorld(cluster string, endpoints []Endpoint, nodes []Node, resolve func(name string) []netip.Addr) World {
	world := World{cluster: cluster, endpoints: endpoints, nodes: nodes, resolve: resolve}
	for _, endpoint := range endpoints {
		world.identities = append(world.identities, world.identity(endpoint))
	}
	world.managed = world.addresses(
		func(map[string]string) bool { return true }, func(Node) bool { return true })
	return world
}

// Endpoint is a pod with an address of its own.
type Endpoint struct {
	Namespace string
	// Account is the name of its service account.
	Account string
	Labels  map[string]string
	Address netip.Addr
}

// Node is a machine of the cluster.
type Node struct {
	Addresses []netip.Addr
	// Own is the machine that the question is about, where its endpoints are.
	Own       bool
	APIServer bool
}

// ignored are labels that are no part of an endpoint's identity, and kept those that are all the same: Cilium's own list
// (defaultLabelPrefixCfg in pkg/labelsfilter/filter.go), without what only Cilium itself adds.
var (
	kept    = regexp.MustCompile(`^app\.kubernetes\.io`)
	ignored = regexp.MustCompile(`^(io\.kubernetes|kubernetes\.io|statefulset\.kubernetes\.io/pod-name|apps\.kubernetes\.io/pod-index` +
		`|batch\.kubernetes\.io/(job-completion-index|controller-uid)|.*beta\.kubernetes\.io|k8s\.io|pod-template-(generation|hash)` +
		`|controller-(revision-hash|uid)|annotation|etcd_node|topology\.kubernetes\.io)`)
)

// namespaceLabel is how a selector names a namespace.
const namespaceLabel = "io.kubernetes.pod.namespace"

// identity are the labels that Cilium knows an endpoint by.
func (w World) identity(e Endpoint) map[string]string {
	identity := maps.Clone(e.Labels)
	maps.DeleteFunc(identity, func(key, _ string) bool { return ignored.MatchString(key) && !kept.MatchString(key) })
	if identity == nil {
		identity = map[string]string{}
	}
	identity[namespaceLabel] = e.Namespace
	identity["io.cilium.k8s.policy.cluster"] = w.cluster
	identity["io.cilium.k8s.policy.serviceaccount"] = e.Account
	return identity
}

// sourceless is a label's key without the source that a selector may name before it.
func sourceless(key string) string {
	return strings.TrimPrefix(strings.TrimPrefix(key, "k8s:"), "any:")
}

// selects tells whether a selector of a policy in the namespace selects an identity: only those of its own namespace, if it
// names no other (getEndpointSelector in pkg/k8s/apis/cilium.io/utils).
func (s selector) selects(namespace string, identity map[string]string) bool {
	named := false
	for key, value := range s.MatchLabels {
		key = sourceless(key)
		named = named || key == namespaceLabel
		if has, ok := identity[key]; !ok || has != value {
			return false
		}
	}
	for _, one := range s.MatchExpressions {
		named = named || sourceless(one.Key) == namespaceLabel
		if !one.met(identity) {
			return false
		}
	}
	return named || namespace == "" || identity[namespaceLabel] == namespace
}

func (e expression) met(identity map[string]string) bool {
	has, ok := identity[sourceless(e.Key)]
	switch e.Operator {
	case "In":
		return ok && slices.Contains(e.Values, has)
	case "NotIn":
		return !ok || !slices.Contains(e.Values, has)
	case "Exists":
		return ok
	default:
		return !ok
	}
}

func (w World) addresses(pods func(identity map[string]string) bool, machines func(Node) bool) []netip.Addr {
	var found []netip.Addr
	for i, endpoint := range w.endpoints {
		if pods != nil && pods(w.identities[i]) {
			found = append(found, endpoint.Address)
		}
	}
	for _, node := range w.nodes {
		if machines != nil && machines(node) {
			found = append(found, node.Addresses...)
		}
	}
	slices.SortFunc(found, netip.Addr.Compare)
	return slices.Compact(found)
}

// entity are the addresses of an entity, or those of everybody else for those that begin outside of the cluster.
func (w World) entity(name string) Peers {
	switch name {
	case "all":
		return Peers{Everybody: true}
	case "world":
		return Peers{Network: netip.PrefixFrom(netip.IPv4Unspecified(), 0)}
	case "cluster":
		return Peers{Addresses: w.managed}
	case "host":
		return Peers{Addresses: w.addresses(nil, func(n Node) bool { return n.Own })}
	case "kube-apiserver":
		return Peers{Addresses: w.addresses(nil, func(n Node) bool { return n.APIServer })}
	default: // remote-node: form.go knows no other.
		return Peers{Addresses: w.addresses(nil, func(n Node) bool { return !n.Own })}
	}
}
