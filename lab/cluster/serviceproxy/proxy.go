package serviceproxy

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"

	"homelab/lab/cluster/nft"
)

// hairpin is the address that a pod sees which reached itself through its Service, Cilium's own (IPV4_LOOPBACK in
// pkg/datapath/linux/config/config.go).
var hairpin = netip.MustParseAddr("169.254.42.1")

// Device is where the node's addresses of Services are kept.
type Device interface {
	Hold(netip.Addr) error
	Release(netip.Addr) error
}

// Proxy answers at the addresses of Services until it is closed. Its methods must not be called at the same time.
type Proxy struct {
	device Device
	access Access
	table  *nft.Owner
	// held are the addresses that the device was given.
	held map[netip.Addr]bool
	// applied is what the kernel has.
	applied state
	// remembers is whether the kernel may still send to endpoints that are gone.
	remembers bool
}

type state struct {
	plan Plan
	node Node
}

// New returns a proxy that answers nowhere yet.
func New(device Device, access Access) (*Proxy, error) {
	table, err := nft.NewOwner("homelab-services")
	return &Proxy{device: device, access: access, table: table, held: map[netip.Addr]bool{}}, err
}

// Apply brings addresses and rules to the plan. An address that cannot be held is an error that names it; everything else
// is in place all the same.
func (p *Proxy) Apply(node Node, plan Plan) error {
	problems := []error{p.hold(plan)}
	if wanted := (state{plan, node}); !reflect.DeepEqual(wanted, p.applied) {
		err := p.table.Replace(func(table *nft.Table) { p.write(table, node, plan) })
		if err == nil {
			before := p.applied.plan
			p.applied = wanted
			if !sameUDP(before, plan) || p.remembers {
				err = forgetLost(plan)
				p.remembers = err != nil
			}
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func (p *Proxy) hold(plan Plan) error {
	var problems []error
	for address := range p.held {
		if plan.Addresses[address] {
			continue
		}
		if err := p.device.Release(address); err != nil {
			problems = append(problems, err)
			continue
		}
		delete(p.held, address)
	}
	for address := range plan.Addresses {
		if p.held[address] {
			continue
		}
		if err := p.device.Hold(address); err != nil {
			problems = append(problems, err)
			continue
		}
		p.held[address] = true
	}
	return errors.Join(problems...)
}

// Close gives addresses and rules up.
func (p *Proxy) Close() error {
	return errors.Join(p.hold(Plan{}), p.table.Remove())
}

// write writes the rules: first what may not reach ClusterIPs goes, then destinations are replaced by endpoints, as they
// leave a socket of the machine or come in, and at last sources where the answers would not come back.
func (p *Proxy) write(table *nft.Table, node Node, plan Plan) {
	access, frontends, sources := table.Chain("access"), table.Chain("frontends"), table.Chain("sources")
	if clusterIPs := sorted(plan.ClusterIPs); len(clusterIPs) > 0 {
		table.Rule(access, table.Among(nft.Destination, clusterIPs), nft.Drop)
	}
	for _, frontend := range slices.SortedFunc(maps.Keys(plan.Frontends), compare) {
		backends := plan.Frontends[frontend].Backends
		for i, backend := range backends {
			table.Rule(frontends, nft.Destination.Is(frontend.Address.Addr()), nft.Protocol(number(frontend.Protocol)),
				nft.Ports(frontend.Address.Port(), frontend.Address.Port()), nft.OneIn(len(backends)-i), nft.SendTo(backend))
		}
	}
	// A socket of the machine sends to an address that the machine has from that address.
	if addresses := sorted(plan.Addresses); len(addresses) > 0 {
		table.Rule(sources, table.Among(nft.Source, addresses), nft.SendFrom(node.Address))
	}
	for _, own := range plan.endpointsIn(node.Pods) {
		table.Rule(sources, nft.Source.Is(own), nft.Destination.Is(own), nft.SendFrom(hairpin))
	}
	if node.Pods.IsValid() {
		// From outside to a pod of another machine, whose answer has to come by here. Pods of this one see the client.
		table.Rule(sources, nft.Source.Outside(node.Pods), nft.NotTo("lxc"), nft.SendFrom(node.Address))
	}
	p.hook(table, node)
}

func (p *Proxy) hook(table *nft.Table, node Node) {
	filter, nat := nftables.ChainTypeFilter, nftables.ChainTypeNAT
	translate := nft.Jump("frontends")
	if !p.access.External && node.Pods.IsValid() {
		table.Hook(nftables.ChainHookPrerouting, filter, nftables.ChainPriorityMangle,
			slices.Concat(nft.NotFrom("lo"), nft.Source.Outside(node.Pods), nft.Jump("access")))
	}
	if !p.access.Forwarded {
		table.Hook(nftables.ChainHookOutput, filter, nftables.ChainPriorityMangle,
			slices.Concat(nft.Marked(ForwardMark), nft.Jump("access")))
	}
	table.Hook(nftables.ChainHookPrerouting, nat, nftables.ChainPriorityNATDest, translate)
	table.Hook(nftables.ChainHookOutput, nat, nftables.ChainPriorityNATDest, translate)
	// Before pods' addresses are hidden outside of the cluster.
	table.Hook(nftables.ChainHookPostrouting, nat, nftables.ChainPriorityRef(*nftables.ChainPriorityNATSource-1),
		slices.Concat(nft.Translated(), nft.Jump("sources")))
}

// endpointsIn are the endpoints with an address of the range.
func (p Plan) endpointsIn(pods netip.Prefix) []netip.Addr {
	found := map[netip.Addr]bool{}
	for _, target := range p.Frontends {
		for _, backend := range target.Backends {
			if pods.IsValid() && pods.Contains(backend.Addr()) {
				found[backend.Addr()] = true
			}
		}
	}
	return sorted(found)
}

// forgetLost makes the kernel forget for UDP where it sent a client's packets, if that is not among the endpoints any more:
// a client that never pauses would be sent there for ever.
func forgetLost(plan Plan) error {
	_, err := netlink.ConntrackDeleteFilters(netlink.ConntrackTable, netlink.FAMILY_V4, lost{plan})
	if err != nil {
		return fmt.Errorf("cannot forget connections to endpoints that are gone: %w", err)
	}
	return nil
}

// sameUDP says that both plans send UDP to the same endpoints: the kernel's table of connections, which all machines of the
// lab share and which is long, then holds nothing to forget.
func sameUDP(before, after Plan) bool {
	return reflect.DeepEqual(before.udp(), after.udp())
}

func (p Plan) udp() map[Frontend][]netip.AddrPort {
	found := map[Frontend][]netip.AddrPort{}
	for frontend, target := range p.Frontends {
		if frontend.Protocol == corev1.ProtocolUDP {
			found[frontend] = target.Backends
		}
	}
	return found
}

type lost struct{ plan Plan }

// MatchConntrackFlow implements netlink.CustomConntrackFilter.
func (l lost) MatchConntrackFlow(flow *netlink.ConntrackFlow) bool {
	to, known := netip.AddrFromSlice(flow.Forward.DstIP.To4())
	from, answers := netip.AddrFromSlice(flow.Reverse.SrcIP.To4())
	if flow.Forward.Protocol != unix.IPPROTO_UDP || !known || !answers {
		return false
	}
	target, ours := l.plan.Frontends[Frontend{netip.AddrPortFrom(to, flow.Forward.DstPort), corev1.ProtocolUDP}]
	return ours && !slices.Contains(target.Backends, netip.AddrPortFrom(from, flow.Reverse.SrcPort))
}

func sorted(set map[netip.Addr]bool) []netip.Addr {
	return slices.SortedFunc(maps.Keys(set), netip.Addr.Compare)
}

func compare(a, b Frontend) int {
	return cmp.Or(a.Address.Compare(b.Address), cmp.Compare(a.Protocol, b.Protocol))
}

func number(protocol corev1.Protocol) byte {
	if protocol == corev1.ProtocolUDP {
		return unix.IPPROTO_UDP
	}
	return unix.IPPROTO_TCP
}
