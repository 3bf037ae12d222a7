package cilium

import (
	"maps"
	"net/netip"
	"testing"
)

func TestPodsOfOtherNodesAreReachedByTheirNodes(t *testing.T) {
	node := func(name, ip string, cidrs ...string) (n ciliumNode) {
		n.Name, n.Spec.IPAM.PodCIDRs = name, cidrs
		n.Spec.Addresses = []ciliumNodeAddress{{Type: "CiliumInternalIP", IP: "10.42.9.9"}, {Type: "InternalIP", IP: ip}}
		return n
	}
	own := netip.MustParsePrefix("10.42.0.0/24")
	got := routesTo([]ciliumNode{
		node("self", "192.168.1.21", own.String()), node("new", "192.168.1.23"), node("other", "192.168.1.22", "10.42.1.0/24"),
	}, "self", []netip.Prefix{own})
	want := map[netip.Prefix]netip.Addr{own: {}, netip.MustParsePrefix("10.42.1.0/24"): netip.MustParseAddr("192.168.1.22")}
	if !maps.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if _, ok := node("six", "fd00::1").internalIP(); ok {
		t.Error("an IPv6 address was taken for a next hop")
	}
}
