// Package arp holds an address on one of a machine's network cards for as long as the machine has the right to it, and
// tells the neighbours.
package arp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// announceEvery is kube-vip's vip_arpRate default; Cilium announces once, and its neighbours may miss a frame.
const announceEvery = 3 * time.Second

// Address is a virtual address on one link.
type Address struct {
	Link netlink.Link
	IP   netip.Addr
	// Label is kept by the kernel with the address; it begins with the link's name, and may be empty.
	Label string
	Log   *slog.Logger
}

// FindLink returns the named link, or that of the default route if the name is empty.
func FindLink(name string) (netlink.Link, error) {
	if name != "" {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return nil, fmt.Errorf("vip_interface=%q: %w", name, err)
		}
		return link, nil
	}
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, err
	}
	for _, route := range routes {
		if route.Dst == nil || route.Dst.IP.IsUnspecified() {
			return netlink.LinkByIndex(route.LinkIndex)
		}
	}
	return nil, errors.New("vip_interface is not set and the node has no default route to take the interface from")
}

func (a Address) entry() *netlink.Addr {
	return &netlink.Addr{IPNet: &net.IPNet{IP: a.IP.AsSlice(), Mask: net.CIDRMask(32, 32)}, Label: a.Label}
}

// Hold adds the address and announces it until ctx ends, then removes it.
func (a Address) Hold(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	if err := netlink.AddrReplace(a.Link, a.entry()); err != nil {
		return fmt.Errorf("cannot add %s/32 to %s: %w", a.IP, a.Link.Attrs().Name, err)
	}
	a.Log.Info("holding the address", "address", a.IP, "interface", a.Link.Attrs().Name)
	defer func() {
		if err := a.Remove(); err != nil {
			a.Log.Error("cannot give the address up", "address", a.IP, "error", err)
		}
	}()
	// A neighbour may miss a frame, so the first seconds have several.
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, announceEvery) {
		if err := a.announce(); err != nil {
			a.Log.Warn("cannot announce the address", "address", a.IP, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// Remove takes the address off the link; an absent one is fine. A run that was killed leaves it.
func (a Address) Remove() error {
	err := netlink.AddrDel(a.Link, a.entry())
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		return nil
	}
	return err
}

// announce broadcasts a gratuitous ARP request and reply (RFC 5227, section 3).
func (a Address) announce() error {
	attributes := a.Link.Attrs()
	if len(attributes.HardwareAddr) != 6 {
		return fmt.Errorf("interface %s has no Ethernet address", attributes.Name)
	}
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(swap(unix.ETH_P_ARP)))
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	to := &unix.SockaddrLinklayer{Protocol: swap(unix.ETH_P_ARP), Ifindex: attributes.Index, Halen: 6,
		Addr: [8]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	for _, operation := range []byte{1, 2} {
		if err := unix.Sendto(socket, frame(attributes.HardwareAddr, a.IP, operation), 0, to); err != nil {
			return err
		}
	}
	return nil
}

func swap(value uint16) uint16 { return value<<8 | value>>8 }

// frame is an Ethernet broadcast with an ARP packet (RFC 826) whose sender and target are ip.
func frame(hardware net.HardwareAddr, ip netip.Addr, operation byte) []byte {
	broadcast := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	packet := append([]byte{}, broadcast...)
	packet = append(packet, hardware...)
	packet = append(packet, 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, operation)
	packet = append(packet, hardware...)
	packet = append(packet, ip.AsSlice()...)
	packet = append(packet, broadcast...)
	return append(packet, ip.AsSlice()...)
}
