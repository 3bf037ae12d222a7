package cilium

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// routeProtocol marks the agent's routes, so that it finds those of an earlier run; the number is
// free in iproute2's table of protocols.
const routeProtocol = 209

// podRoutes are a node's routes to pods: to the other nodes' by their addresses, as Cilium has them
// with auto-direct-node-routes or through its tunnel. A route to the node's own range makes the
// kernel drop what is for pods that nothing runs behind, instead of sending it to the router and back.
type podRoutes struct{}

// routesTo returns the next hop of each pod CIDR; an invalid address stands for "unreachable".
func routesTo(nodes []ciliumNode, self string, own []netip.Prefix) map[netip.Prefix]netip.Addr {
	routes := map[netip.Prefix]netip.Addr{}
	for _, cidr := range own {
		routes[cidr.Masked()] = netip.Addr{}
	}
	for _, node := range nodes {
		hop, ok := node.internalIP()
		if node.Name == self || !ok {
			continue
		}
		for _, text := range node.Spec.IPAM.PodCIDRs {
			if cidr, err := netip.ParsePrefix(text); err == nil && cidr.Addr().Is4() {
				routes[cidr.Masked()] = hop
			}
		}
	}
	return routes
}

func (n ciliumNode) internalIP() (netip.Addr, bool) {
	for _, candidate := range n.Spec.Addresses {
		if address, err := netip.ParseAddr(candidate.IP); err == nil && address.Is4() && candidate.Type == "InternalIP" {
			return address, true
		}
	}
	return netip.Addr{}, false
}

// apply makes the kernel's routes with this protocol those of wanted.
func (podRoutes) apply(wanted map[netip.Prefix]netip.Addr) error {
	present, err := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{Protocol: routeProtocol}, netlink.RT_FILTER_PROTOCOL)
	if err != nil {
		return fmt.Errorf("routes to pods: %w", err)
	}
	kept := map[netip.Prefix]bool{}
	var problems []error
	for _, route := range present {
		destination, ok := destinationOf(route)
		if hop, same := wanted[destination]; ok && same && hop == hopOf(route) {
			kept[destination] = true
			continue
		}
		if err := netlink.RouteDel(&route); err != nil && !errors.Is(err, syscall.ESRCH) {
			problems = append(problems, fmt.Errorf("cannot remove the route to pods %s: %w", route.Dst, err))
		}
	}
	for destination, hop := range wanted {
		if kept[destination] {
			continue
		}
		if err := netlink.RouteReplace(podRoute(destination, hop)); err != nil {
			problems = append(problems, fmt.Errorf("cannot add the route to pods %s: %w", destination, err))
		}
	}
	return errors.Join(problems...)
}

func podRoute(destination netip.Prefix, hop netip.Addr) *netlink.Route {
	route := &netlink.Route{
		Dst:      &net.IPNet{IP: destination.Addr().AsSlice(), Mask: net.CIDRMask(destination.Bits(), 32)},
		Protocol: routeProtocol,
	}
	if hop.IsValid() {
		route.Gw = hop.AsSlice()
	} else {
		route.Type = unix.RTN_UNREACHABLE
	}
	return route
}

func destinationOf(route netlink.Route) (netip.Prefix, bool) {
	if route.Dst == nil {
		return netip.Prefix{}, false
	}
	address, ok := netip.AddrFromSlice(route.Dst.IP.To4())
	bits, _ := route.Dst.Mask.Size()
	return netip.PrefixFrom(address, bits), ok
}

func hopOf(route netlink.Route) netip.Addr {
	address, _ := netip.AddrFromSlice(route.Gw.To4())
	return address
}
