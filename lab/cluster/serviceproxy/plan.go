// Package serviceproxy carries TCP connections to Services on a node, as Cilium's replacement of
// kube-proxy does in the kernel: the node answers at the addresses of Services, and each connection
// goes to one of the ready endpoints. It works in user space, so that an endpoint sees the node as
// the client. UDP and SCTP, node ports, session affinity and traffic policies are not played.
package serviceproxy

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
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
	// Frontends are the ports of Services that have ready endpoints, with these sorted.
	Frontends map[netip.AddrPort][]netip.AddrPort
}

// NewPlan computes the plan from all Services and EndpointSlices. Addresses in taken, those of the
// node's other devices, stay with them. If Services share an address and port, the oldest has it.
func NewPlan(services []*corev1.Service, slicesOf []*discoveryv1.EndpointSlice, taken map[netip.Addr]bool) Plan {
	plan := Plan{Addresses: map[netip.Addr]bool{}, ClusterIPs: map[netip.Addr]bool{}, Frontends: map[netip.AddrPort][]netip.AddrPort{}}
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
			plan.add(service, address, byService[[2]string{service.Namespace, service.Name}])
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

func (p Plan) add(service *corev1.Service, address netip.Addr, endpoints []*discoveryv1.EndpointSlice) {
	for _, port := range service.Spec.Ports {
		if port.Protocol != corev1.ProtocolTCP && port.Protocol != "" {
			continue
		}
		frontend := netip.AddrPortFrom(address, uint16(port.Port))
		if _, taken := p.Frontends[frontend]; taken {
			continue
		}
		if backends := backendsOf(port.Name, endpoints); len(backends) > 0 {
			p.Frontends[frontend] = backends
		}
	}
}

// backendsOf returns the ready endpoints of a Service's port, each once. Slices carry the target
// ports under the names of the Service's ports.
func backendsOf(name string, endpoints []*discoveryv1.EndpointSlice) []netip.AddrPort {
	found := map[netip.AddrPort]bool{}
	for _, slice := range endpoints {
		if slice.AddressType != discoveryv1.AddressTypeIPv4 {
			continue
		}
		for _, port := range slice.Ports {
			matches := port.Port != nil && (port.Name == nil && name == "" || port.Name != nil && *port.Name == name) &&
				(port.Protocol == nil || *port.Protocol == corev1.ProtocolTCP)
			if !matches {
				continue
			}
			for _, endpoint := range slice.Endpoints {
				if endpoint.Conditions.Ready != nil && !*endpoint.Conditions.Ready {
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

// dropLoops removes endpoints that are addresses of Services: a connection to one would come back
// to this proxy.
func (p Plan) dropLoops() {
	for frontend, backends := range p.Frontends {
		kept := slices.DeleteFunc(backends, func(b netip.AddrPort) bool { return p.Addresses[b.Addr()] })
		if len(kept) == 0 {
			delete(p.Frontends, frontend)
			continue
		}
		p.Frontends[frontend] = kept
	}
}
