package cilium

import (
	"fmt"
	"math/big"
	"net/netip"
	"slices"
)

// addressRange is a run of IPv4 addresses, both ends included.
type addressRange struct{ first, last netip.Addr }

func (r addressRange) contains(address netip.Addr) bool {
	return r.first.Compare(address) <= 0 && address.Compare(r.last) <= 0
}

func (r addressRange) size() *big.Int {
	first, last := new(big.Int).SetBytes(r.first.AsSlice()), new(big.Int).SetBytes(r.last.AsSlice())
	return last.Sub(last, first).Add(last, big.NewInt(1))
}

// ranges returns the addresses of a pool's blocks (IPv4 only; another family is an error).
func (p loadBalancerPool) ranges() ([]addressRange, error) {
	var list []addressRange
	for i, block := range p.Spec.Blocks {
		one, err := block.addresses(p.Spec.AllowFirstLastIPs != "No")
		if err != nil {
			return nil, fmt.Errorf("CiliumLoadBalancerIPPool %s: spec.blocks[%d]: %w", p.Name, i, err)
		}
		list = append(list, one)
	}
	return list, nil
}

func (b poolBlock) addresses(withEnds bool) (addressRange, error) {
	if b.CIDR != "" {
		cidr, err := netip.ParsePrefix(b.CIDR)
		if err != nil || !cidr.Addr().Is4() {
			return addressRange{}, fmt.Errorf("cidr %q is not an IPv4 range", b.CIDR)
		}
		cidr = cidr.Masked()
		next, ok := after(cidr)
		last := netip.AddrFrom4([4]byte{255, 255, 255, 255})
		if ok {
			last = next.Addr().Prev()
		}
		if !withEnds && cidr.Bits() < 31 {
			return addressRange{cidr.Addr().Next(), last.Prev()}, nil
		}
		return addressRange{cidr.Addr(), last}, nil
	}
	first, err := netip.ParseAddr(b.Start)
	if err != nil || !first.Is4() {
		return addressRange{}, fmt.Errorf("start %q is not an IPv4 address", b.Start)
	}
	last := first
	if b.Stop != "" {
		if last, err = netip.ParseAddr(b.Stop); err != nil || !last.Is4() {
			return addressRange{}, fmt.Errorf("stop %q is not an IPv4 address", b.Stop)
		}
	}
	if last.Less(first) {
		return addressRange{}, fmt.Errorf("stop %s is before start %s", last, first)
	}
	return addressRange{first, last}, nil
}

// lowestFree returns the first address of list that is not used.
func lowestFree(list []addressRange, used map[netip.Addr]bool) (netip.Addr, bool) {
	for _, one := range list {
		for address := one.first; one.contains(address); address = address.Next() {
			if !used[address] {
				return address, true
			}
		}
	}
	return netip.Addr{}, false
}

func anyContains(list []addressRange, address netip.Addr) bool {
	return slices.ContainsFunc(list, func(r addressRange) bool { return r.contains(address) })
}
