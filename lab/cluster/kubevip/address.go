package kubevip

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

// announceEvery is kube-vip's vip_arpRate default.
const announceEvery = 3 * time.Second

// address is the virtual address on one link.
type address struct {
	link netlink.Link
	ip   netip.Addr
	log  *slog.Logger
}

// findLink returns the named link, or that of the default route if the name is empty.
func findLink(name string) (netlink.Link, error) {
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

func (a address) entry() *netlink.Addr {
	return &netlink.Addr{IPNet: &net.IPNet{IP: a.ip.AsSlice(), Mask: net.CIDRMask(32, 32)}}
}

// hold adds the address and announces it until ctx ends, then removes it.
func (a address) hold(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	if err := netlink.AddrReplace(a.link, a.entry()); err != nil {
		return fmt.Errorf("cannot add %s/32 to %s: %w", a.ip, a.link.Attrs().Name, err)
	}
	a.log.Info("holding the address", "address", a.ip, "interface", a.link.Attrs().Name)
	defer func() {
		if err := a.remove(); err != nil {
			a.log.Error("cannot give the address up", "address", a.ip, "error", err)
		}
	}()
	// A neighbour may miss a frame, so the first seconds have several.
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, announceEvery) {
		if err := a.announce(); err != nil {
			a.log.Warn("cannot announce the address", "address", a.ip, "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// remove takes the address off the link; an absent one is fine. A run that was killed leaves it.
func (a address) remove() error {
	err := netlink.AddrDel(a.link, a.entry())
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		return nil
	}
	return err
}

// announce broadcasts a gratuitous ARP request and reply (RFC 5227, section 3).
func (a address) announce() error {
	attributes := a.link.Attrs()
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
		if err := unix.Sendto(socket, frame(attributes.HardwareAddr, a.ip, operation), 0, to); err != nil {
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
