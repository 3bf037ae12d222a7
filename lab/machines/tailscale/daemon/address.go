package daemon

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink"
)

// addresses makes the device's tailnet addresses answer on this machine.
type addresses interface {
	Put(list []string) error
	Remove() error
}

// loopback holds the addresses on lo. A lab machine has no TUN device; so they answer inside the machine, and nowhere
// else: no packet reaches another device of the tailnet.
type loopback struct{}

// tailnetRanges are where Tailscale's addresses lie (https://tailscale.com/kb/1015/100.x-addresses).
var tailnetRanges = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fd7a:115c:a1e0::/48")}

func inTailnet(address netip.Addr) bool {
	return tailnetRanges[0].Contains(address) || tailnetRanges[1].Contains(address)
}

// Put makes lo's tailnet addresses those of the list.
func (l loopback) Put(list []string) error {
	if err := l.Remove(); err != nil {
		return err
	}
	link, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	var failed []error
	for _, text := range list {
		address, err := netip.ParseAddr(text)
		if err != nil || !inTailnet(address) {
			failed = append(failed, fmt.Errorf("the control plane gave %q, which is no tailnet address", text))
			continue
		}
		host := &net.IPNet{IP: address.AsSlice(), Mask: net.CIDRMask(address.BitLen(), address.BitLen())}
		err = netlink.AddrAdd(link, &netlink.Addr{IPNet: host})
		// A machine without IPv6 just has no IPv6 address.
		without6 := address.Is6() && (errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EOPNOTSUPP))
		if err != nil && !errors.Is(err, syscall.EEXIST) && !without6 {
			failed = append(failed, fmt.Errorf("cannot put %s on lo: %w", address, err))
		}
	}
	return errors.Join(failed...)
}

// Remove takes every tailnet address from lo.
func (loopback) Remove() error {
	link, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	present, err := netlink.AddrList(link, netlink.FAMILY_ALL)
	if err != nil {
		return err
	}
	var failed []error
	for _, one := range present {
		if address, ok := netip.AddrFromSlice(one.IP); ok && inTailnet(address.Unmap()) {
			if err := netlink.AddrDel(link, &one); err != nil && !errors.Is(err, syscall.EADDRNOTAVAIL) {
				failed = append(failed, fmt.Errorf("cannot take %s from lo: %w", address, err))
			}
		}
	}
	return errors.Join(failed...)
}

// noAddresses is for `--tun=userspace-networking`: the machine's network is left alone.
type noAddresses struct{}

func (noAddresses) Put([]string) error { return nil }
func (noAddresses) Remove() error      { return nil }
