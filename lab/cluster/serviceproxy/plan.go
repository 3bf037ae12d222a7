// Package serviceproxy takes TCP connections and UDP packets to Services on a node, as Cilium's
// replacement of kube-proxy does: each connection goes to one of the ready endpoints, by rules of the
// kernel's packet filter. An endpoint sees the client, or the node that a client from outside came in
// by if the endpoint is on another one. SCTP, node ports and session affinity are not played; of
// traffic policies that endpoints of the node alone are used.
package serviceproxy

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
)

// otherProxy is the label of Services that another service proxy serves
// (https://kubernetes.io/docs/reference/labels-annotations-taints/).
const otherProxy = "service.kubernetes.io/service-proxy-name"

// Plan says what a node answers at.
type Plan struct {
	// Addresses are those of all Services. Where nothing listens, connections are refused, rather
	// than sent to the router and back.
	Addresses map[netip.Addr]bool
	// ClusterIPs are those of them which are Services' own addresses inside the cluster.
	ClusterIPs map[netip.Addr]bool
	// Frontends are the ports of Services that have ready endpoints.
	Frontends map[Frontend]Target
}

// Frontend is where a node answers.
type Frontend struct {
	Address  netip.AddrPort
	Protocol corev1.Protocol
}

// Target is where a frontend's connections go.
type Target struct {
	// Service and Port name what the frontend is of; a Service's only port may have no name.
	Service types.NamespacedName
	Port    string
	// Backends are the ready endpoints, sorted.
	Backends []netip.AddrPort
}

// NewPlan computes the plan of a node from all Services and EndpointSlices. Addresses in taken, those of
// the node's other devices, stay with them. If Services share an address and port, the oldest has it.
func NewPlan(node string, services []*corev1.Service, slicesOf []*discoveryv1.EndpointSlice, taken map[netip.Addr]bool) Plan {
	plan := Plan{Addresses: map[netip.Addr]bool{}, ClusterIPs: map[netip.Addr]bool{}, Frontends: map[Frontend]Target{}}
	ordered := slices.SortedFunc(slices.Values(services), func(a, b *corev1.Service) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.UID, b.UID))
	})
	byService := map[[2]string][]*discoveryv1.EndpointSlice{}
	for _, slice := range slicesOf {
		key := [2]string{slice.Namespace, slice.Labels[discoveryv1.LabelServiceName]}
		byService[key] = append(byService[key], slice)
	}
	for _, service := range ordered {
		if _, other := service.Labels[otherProxy]; other {
			continue
		}
		for _, address := range addressesOf(service) {
			if taken[address] {
				continue
			}
			plan.Addresses[address] = true
			if slices.Contains(service.Spec.ClusterIPs, address.String()) {
				plan.ClusterIPs[address] = true
			}
			plan.add(node, service, address, byService[[2]string{service.Namespace, service.Name}])
		}
	}
	plan.dropLoops()
	return plan
}

// addressesOf returns a Service's cluster, external and load-balancer IPv4 addresses.
func addressesOf(service *corev1.Service) []netip.Addr {
	if service.Spec.Type == corev1.ServiceTypeExternalName {
		return nil
	}
	texts := append(slices.Clone(service.Spec.ClusterIPs), service.Spec.ExternalIPs...)
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		if ingress.IPMode == nil || *ingress.IPMode == corev1.LoadBalancerIPModeVIP {
			texts = append(texts, ingress.IP)
		}
	}
	var list []netip.Addr
	for _, text := range texts {
		// A headless service has the word None here.
		if address, err := netip.ParseAddr(text); err == nil && address.Is4() {
			list = append(list, address)
		}
	}
	return list
}

func (p Plan) add(node string, service *corev1.Service, address netip.Addr, endpoints []*discoveryv1.EndpointSlice) {
	local := ""
	if onlyLocal(service, p.ClusterIPs[address]) {
		local = node
	}
	for _, port := range service.Spec.Ports {
		frontend := Frontend{Address: netip.AddrPortFrom(address, uint16(port.Port)), Protocol: protocolOf(port.Protocol)}
		_, taken := p.Frontends[frontend]
		if taken || frontend.Protocol != corev1.ProtocolTCP && frontend.Protocol != corev1.ProtocolUDP {
			continue
		}
		if backends := backendsOf(port.Name, frontend.Protocol, endpoints, local); len(backends) > 0 {
			p.Frontends[frontend] = Target{
				Service: types.NamespacedName{Namespace: service.Namespace, Name: service.Name}, Port: port.Name, Backends: backends,
			}
		}
	}
}

// onlyLocal tells whether an address of the Service leads to endpoints of the node itself alone
// (https://kubernetes.io/docs/reference/networking/virtual-ips/#traffic-policies).
func onlyLocal(service *corev1.Service, clusterIP bool) bool {
	if clusterIP {
		policy := service.Spec.InternalTrafficPolicy
		return policy != nil && *policy == corev1.ServiceInternalTrafficPolicyLocal
	}
	return service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}

// backendsOf returns the ready endpoints of a Service's port, each once, and those of one node only if
// local names it. Slices carry the target ports under the names of the Service's ports.
func backendsOf(name string, protocol corev1.Protocol, endpoints []*discoveryv1.EndpointSlice, local string) []netip.AddrPort {
	found := map[netip.AddrPort]bool{}
	for _, slice := range endpoints {
		if slice.AddressType != discoveryv1.AddressTypeIPv4 {
			continue
		}
		for _, port := range slice.Ports {
			if !isPort(port, name, protocol) {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				unready := endpoint.Conditions.Ready != nil && !*endpoint.Conditions.Ready
				if unready || local != "" && (endpoint.NodeName == nil || *endpoint.NodeName != local) {
					continue
				}
				for _, text := range endpoint.Addresses {
					if address, err := netip.ParseAddr(text); err == nil {
						found[netip.AddrPortFrom(address, uint16(*port.Port))] = true
					}
				}
			}
		}
	}
	return slices.SortedFunc(maps.Keys(found), netip.AddrPort.Compare)
}

// protocolOf is what a port without a protocol has.
func protocolOf(protocol corev1.Protocol) corev1.Protocol {
	return cmp.Or(protocol, corev1.ProtocolTCP)
}

// isPort tells whether a slice's port is the Service's of that name; TCP is what has no protocol.
func isPort(port discoveryv1.EndpointPort, name string, protocol corev1.Protocol) bool {
	own, ownProtocol := "", corev1.ProtocolTCP
	if port.Name != nil {
		own = *port.Name
	}
	if port.Protocol != nil {
		ownProtocol = *port.Protocol
	}
	return port.Port != nil && own == name && ownProtocol == protocol
}

// dropLoops removes endpoints that are addresses of Services: a connection to one would come back
// to this proxy.
func (p Plan) dropLoops() {
	for frontend, target := range p.Frontends {
		target.Backends = slices.DeleteFunc(target.Backends, func(b netip.AddrPort) bool { return p.Addresses[b.Addr()] })
		if len(target.Backends) == 0 {
			delete(p.Frontends, frontend)
			continue
		}
		p.Frontends[frontend] = target
	}
}
