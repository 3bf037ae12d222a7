// Package loopback keeps addresses on a machine's loopback device, so that the machine answers at
// addresses which other machines reach by routes: those of its pods and of services. As they are
// outside of the LAN's network nobody asks for them by ARP.
package loopback

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/vishvananda/netlink"
)

// device is the loopback device; labels of addresses must begin with its name.
const device = "lo"

// Addresses are the addresses of one owner. The kernel keeps the owner's name with each, so that a
// later run finds what one that was killed has left.
type Addresses struct {
	label string
	mu    sync.Mutex
	held  map[netip.Addr]bool
}

// New returns the addresses of an owner; its name has at most 12 characters.
func New(owner string) *Addresses {
	return &Addresses{label: device + ":" + owner, held: map[netip.Addr]bool{}}
}

// Sweep removes every address of this owner, also those of an earlier run.
func (a *Addresses) Sweep() error {
	link, err := netlink.LinkByName(device)
	if err != nil {
		return fmt.Errorf("loopback device: %w", err)
	}
	list, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("addresses of %s: %w", device, err)
	}
	for _, found := range list {
		if found.Label != a.label {
			continue
		}
		if address, ok := netip.AddrFromSlice(found.IP.To4()); ok {
			err = errors.Join(err, a.Release(address))
		}
	}
	return err
}

// Hold makes the machine answer at an IPv4 address; one that is held already is fine.
func (a *Addresses) Hold(address netip.Addr) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held[address] {
		return nil
	}
	link, err := netlink.LinkByName(device)
	if err == nil {
		err = netlink.AddrReplace(link, a.entry(address))
	}
	if err != nil {
		return fmt.Errorf("cannot add %s/32 to %s: %w", address, device, err)
	}
	a.held[address] = true
	return nil
}

// Release takes an address away; an absent one is fine.
func (a *Addresses) Release(address netip.Addr) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.held, address)
	link, err := netlink.LinkByName(device)
	if err == nil {
		err = netlink.AddrDel(link, a.entry(address))
	}
	if err != nil && !errors.Is(err, syscall.EADDRNOTAVAIL) {
		return fmt.Errorf("cannot remove %s/32 from %s: %w", address, device, err)
	}
	return nil
}

// Elsewhere returns the addresses that other devices of the machine have, which no owner of this
// package may take.
func Elsewhere() (map[netip.Addr]bool, error) {
	list, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, fmt.Errorf("addresses of the machine: %w", err)
	}
	loopback, err := netlink.LinkByName(device)
	if err != nil {
		return nil, fmt.Errorf("loopback device: %w", err)
	}
	others := map[netip.Addr]bool{}
	for _, found := range list {
		if address, ok := netip.AddrFromSlice(found.IP.To4()); ok && found.LinkIndex != loopback.Attrs().Index {
			others[address] = true
		}
	}
	return others, nil
}

func (a *Addresses) entry(address netip.Addr) *netlink.Addr {
	return &netlink.Addr{IPNet: &net.IPNet{IP: address.AsSlice(), Mask: net.CIDRMask(32, 32)}, Label: a.label}
}
