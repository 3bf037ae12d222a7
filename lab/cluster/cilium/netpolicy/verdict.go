package netpolicy

import (
	"iter"
	"net/netip"
	"slices"
	"strconv"
)

// Verdict is what the policies say of one endpoint.
type Verdict struct {
	// Managed are the addresses that networks of Peers do not mean.
	Managed []netip.Addr
	Ingress Side
	Egress  Side
}

// Side is one direction of an endpoint's connections.
type Side struct {
	// Closed: what nothing allows does not pass.
	Closed  bool
	Allowed []Allowance
}

// Allowance lets connections of any of the peers through to any of the ports.
type Allowance struct {
	Peers Peers
	Ports []Ports
}

// Peers is who is at the other end: everybody; or these addresses; or a network without its exceptions, and without what the
// cluster has in it.
type Peers struct {
	Everybody bool
	Addresses []netip.Addr
	Network   netip.Prefix
	Except    []netip.Prefix
}

// Ports are some of a protocol's.
type Ports struct {
	// Protocol is TCP or UDP.
	Protocol    string
	First, Last uint16
}

// every are the ports of a rule that names none.
var every = []Ports{{"TCP", 1, 65535}, {"UDP", 1, 65535}}

// Judge says what policies let through to and from an endpoint. A direction is closed as soon as a rule speaks of it
// (EnableDefaultDeny in pkg/policy/api/rule.go); what rules allow is added up. An endpoint's own machine always reaches it
// (AllowLocalhostAuto in daemon/cmd). Requests of HTTP and lookups are judged by address and port alone.
func (w World) Judge(policies []Policy, of Endpoint) Verdict {
	verdict := Verdict{Managed: w.managed}
	for policy, one := range w.about(policies, of) {
		w.add(&verdict.Ingress, policy.namespace, one.Ingress)
		w.add(&verdict.Egress, policy.namespace, one.Egress)
	}
	if verdict.Ingress.Closed {
		verdict.Ingress.Allowed = append(verdict.Ingress.Allowed, Allowance{Peers: w.entity("host"), Ports: every})
	}
	return verdict
}

// about are the parts of policies that select an endpoint.
func (w World) about(policies []Policy, of Endpoint) iter.Seq2[Policy, spec] {
	identity := w.identity(of)
	return func(yield func(Policy, spec) bool) {
		for _, policy := range policies {
			for _, one := range policy.specs {
				within := policy.namespace == "" || policy.namespace == of.Namespace
				if within && one.EndpointSelector.selects(policy.namespace, identity) && !yield(policy, one) {
					return
				}
			}
		}
	}
}

func (w World) add(side *Side, namespace string, rules []rule) {
	side.Closed = side.Closed || len(rules) > 0
	for _, one := range rules {
		ports := one.ports()
		for _, peers := range w.peers(namespace, one) {
			if peers.Everybody || peers.Network.IsValid() || len(peers.Addresses) > 0 {
				side.Allowed = append(side.Allowed, Allowance{Peers: peers, Ports: ports})
			}
		}
	}
}

func (r rule) ports() []Ports {
	if len(r.ToPorts) == 0 {
		return every
	}
	var ports []Ports
	for _, set := range r.ToPorts {
		for _, one := range set.Ports {
			first, _ := strconv.ParseUint(one.Port, 10, 16) // Read has read it.
			ports = append(ports, Ports{Protocol: one.Protocol, First: uint16(first), Last: max(uint16(first), uint16(one.EndPort))})
		}
	}
	return ports
}

// peers are those of a rule. One that names no kind of peer allows its ports to everybody, and one without ports nothing.
func (w World) peers(namespace string, r rule) []Peers {
	selectors, entities := slices.Concat(r.FromEndpoints, r.ToEndpoints), slices.Concat(r.FromEntities, r.ToEntities)
	networks := slices.Concat(r.FromCIDRSet, r.ToCIDRSet)
	none := r.FromEndpoints == nil && r.ToEndpoints == nil && r.FromEntities == nil && r.ToEntities == nil &&
		r.FromCIDRSet == nil && r.ToCIDRSet == nil && r.ToFQDNs == nil
	if none && len(r.ToPorts) > 0 {
		return []Peers{{Everybody: true}}
	}
	var found []Peers
	if len(selectors) > 0 {
		found = append(found, Peers{Addresses: w.addresses(func(identity map[string]string) bool {
			return slices.ContainsFunc(selectors, func(s selector) bool { return s.selects(namespace, identity) })
		}, nil)})
	}
	for _, entity := range entities {
		found = append(found, w.entity(entity))
	}
	for _, one := range networks {
		found = append(found, one.peers())
	}
	return append(found, Peers{Addresses: w.named(r.ToFQDNs)})
}

// named are the addresses that names lead to. What the cluster has is known as pod or machine, and not by a name; patterns
// are not looked up.
func (w World) named(names []name) []netip.Addr {
	var found []netip.Addr
	for _, one := range names {
		if one.MatchName != "" {
			found = append(found, w.resolve(one.MatchName)...)
		}
	}
	found = slices.DeleteFunc(found, func(address netip.Addr) bool { return slices.Contains(w.managed, address) })
	slices.SortFunc(found, netip.Addr.Compare)
	return slices.Compact(found)
}

func (n network) peers() Peers {
	peers := Peers{Network: netip.MustParsePrefix(n.CIDR).Masked()} // Read has read it.
	for _, except := range n.Except {
		peers.Except = append(peers.Except, netip.MustParsePrefix(except).Masked())
	}
	return peers
}

// Names are the names in rules for egress of an endpoint: where they lead has to be looked up.
func (w World) Names(policies []Policy, of Endpoint) []string {
	var names []string
	for _, one := range w.about(policies, of) {
		for _, egress := range one.Egress {
			for _, name := range egress.ToFQDNs {
				if name.MatchName != "" {
					names = append(names, name.MatchName)
				}
			}
		}
	}
	return names
}

// Allows tells whether a connection passes this side.
func (s Side) Allows(managed []netip.Addr, peer netip.Addr, protocol string, port uint16) bool {
	return !s.Closed || slices.ContainsFunc(s.Allowed, func(allowed Allowance) bool {
		return allowed.Peers.are(managed, peer) && slices.ContainsFunc(allowed.Ports, func(ports Ports) bool {
			return ports.Protocol == protocol && ports.First <= port && port <= ports.Last
		})
	})
}

func (p Peers) are(managed []netip.Addr, peer netip.Addr) bool {
	if !p.Network.IsValid() {
		return p.Everybody || slices.Contains(p.Addresses, peer)
	}
	excepted := slices.ContainsFunc(p.Except, func(except netip.Prefix) bool { return except.Contains(peer) })
	return p.Network.Contains(peer) && !excepted && !slices.Contains(managed, peer)
}
