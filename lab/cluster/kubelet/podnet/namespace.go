// Package podnet gives a pod a network of its own: a namespace with the pod's address on one end of a
// veth pair, whose other end the machine routes to, as Cilium's CNI does.
package podnet

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

const (
	// Directory is where the namespaces have names, as `ip netns` shows them.
	Directory = "/run/netns"
	// namePrefix is containerd's for the namespaces of pods.
	namePrefix = "cni-"
	// linkPrefix is Cilium's for the machine's ends.
	linkPrefix = "lxc"
	inside     = "eth0"
)

// router is the address that pods send to. Cilium's is one of the node's pod range; this one is the
// machine's end in each pod's eyes only, so that none is taken.
var router = netip.MustParseAddr("169.254.1.1")

// Namespace is a pod's network.
type Namespace struct {
	// Path is the namespace's file.
	Path string
	link string
}

// Has tells whether the pod with this uid has a network of its own.
func Has(uid string) bool {
	_, err := os.Stat(filepath.Join(Directory, namePrefix+uid))
	return err == nil
}

// Add makes the network of the pod with this uid and IPv4 address; sysctls are set in it, keys in
// dotted form. The machine reaches the pod from its own address.
func Add(uid string, address, machine netip.Addr, sysctls map[string]string) (*Namespace, error) {
	n := &Namespace{Path: filepath.Join(Directory, namePrefix+uid), link: linkOf(uid)}
	if err := n.Remove(); err != nil {
		return nil, err
	}
	if err := n.add(address, machine, sysctls); err != nil {
		return nil, errors.Join(err, n.Remove())
	}
	return n, nil
}

// linkOf is the name of the machine's end: 15 characters at most.
func linkOf(uid string) string {
	return linkPrefix + strings.ReplaceAll(uid, "-", "")[:12]
}

func (n *Namespace) add(address, from netip.Addr, sysctls map[string]string) error {
	handle, machine, err := create(n.Path, sysctls)
	defer closeAll(handle, machine)
	if err != nil {
		return fmt.Errorf("network namespace: %w", err)
	}
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: n.link}, PeerName: inside, PeerNamespace: netlink.NsFd(handle)}
	if err := netlink.LinkAdd(pair); err != nil {
		return fmt.Errorf("veth pair %s: %w", n.link, err)
	}
	host, err := netlink.LinkByName(n.link)
	if err != nil {
		return err
	}
	pod, err := netlink.NewHandleAtFrom(handle, machine)
	if err != nil {
		return err
	}
	defer pod.Close()
	if err := n.configurePod(pod, address, host.Attrs().HardwareAddr); err != nil {
		return fmt.Errorf("the pod's end: %w", err)
	}
	peer, err := pod.LinkByName(inside)
	if err != nil {
		return err
	}
	return n.configureHost(host, address, from, peer.Attrs().HardwareAddr)
}

func (n *Namespace) configurePod(pod *netlink.Handle, address netip.Addr, machine net.HardwareAddr) error {
	loopback, err := pod.LinkByName("lo")
	if err != nil {
		return err
	}
	card, err := pod.LinkByName(inside)
	if err != nil {
		return err
	}
	return errors.Join(
		pod.LinkSetUp(loopback),
		pod.AddrAdd(card, &netlink.Addr{IPNet: single(address)}),
		pod.LinkSetUp(card),
		pod.NeighSet(neighbour(card, router, machine)),
		pod.RouteAdd(&netlink.Route{LinkIndex: card.Attrs().Index, Dst: single(router), Scope: netlink.SCOPE_LINK}),
		pod.RouteAdd(&netlink.Route{LinkIndex: card.Attrs().Index, Gw: router.AsSlice()}),
	)
}

func (n *Namespace) configureHost(host netlink.Link, address, from netip.Addr, pod net.HardwareAddr) error {
	return errors.Join(
		netlink.LinkSetUp(host),
		netlink.NeighSet(neighbour(host, address, pod)),
		netlink.RouteReplace(&netlink.Route{LinkIndex: host.Attrs().Index, Dst: single(address), Src: from.AsSlice(), Scope: netlink.SCOPE_LINK}),
		// A pod's way in and out may differ with Services' addresses on lo; the kubelet's machines do not filter by path.
		write(filepath.Join("/proc/sys/net/ipv4/conf", n.link, "rp_filter"), "0"),
	)
}

// Remove takes the network away; processes in it keep it alive until they end. An absent one is fine.
func (n *Namespace) Remove() error {
	var problems []error
	link, err := netlink.LinkByName(n.link)
	if err == nil {
		problems = append(problems, netlink.LinkDel(link))
	} else if !errors.As(err, new(netlink.LinkNotFoundError)) {
		problems = append(problems, err)
	}
	if _, err := os.Stat(n.Path); err == nil {
		problems = append(problems, netns.DeleteNamed(filepath.Base(n.Path)))
	}
	return errors.Join(problems...)
}

// Sweep removes what an earlier run has left.
func Sweep() error {
	var problems []error
	names, err := filepath.Glob(filepath.Join(Directory, namePrefix+"*"))
	problems = append(problems, err)
	for _, name := range names {
		problems = append(problems, netns.DeleteNamed(filepath.Base(name)))
	}
	links, err := netlink.LinkList()
	problems = append(problems, err)
	for _, link := range links {
		if link.Type() == "veth" && strings.HasPrefix(link.Attrs().Name, linkPrefix) {
			problems = append(problems, netlink.LinkDel(link))
		}
	}
	return errors.Join(problems...)
}

// current is the network namespace of the calling thread. Not netns.Get: the kubelet has a process
// namespace of its own, and /proc is its machine's, where the kubelet's numbers are others'.
const current = "/proc/thread-self/ns/net"

// create makes the namespace from a thread of its own, which comes back before others use it. Ports
// below 1024 are everybody's in it, as containerd has it (enable_unprivileged_ports).
func create(path string, sysctls map[string]string) (pod, machine netns.NsHandle, err error) {
	pod, machine = netns.None(), netns.None()
	if err := os.MkdirAll(Directory, 0o755); err != nil {
		return pod, machine, err
	}
	if err := os.WriteFile(path, nil, 0o444); err != nil {
		return pod, machine, err
	}
	runtime.LockOSThread()
	if machine, err = netns.GetFromPath(current); err == nil {
		err = unix.Unshare(unix.CLONE_NEWNET)
	}
	if err != nil {
		runtime.UnlockOSThread()
		return pod, machine, err
	}
	err = errors.Join(
		unix.Mount(current, path, "", unix.MS_BIND, ""),
		write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"),
	)
	for key, value := range sysctls {
		err = errors.Join(err, write(filepath.Join("/proc/sys", strings.ReplaceAll(key, ".", "/")), value))
	}
	// A thread that cannot come back stays locked, and ends with its goroutine.
	if back := netns.Set(machine); back != nil {
		return pod, machine, errors.Join(err, back)
	}
	runtime.UnlockOSThread()
	if err == nil {
		pod, err = netns.GetFromPath(path)
	}
	return pod, machine, err
}

func closeAll(handles ...netns.NsHandle) {
	for _, handle := range handles {
		if handle.IsOpen() {
			_ = handle.Close() // Nothing is lost with it.
		}
	}
}

func write(path, value string) error { return os.WriteFile(path, []byte(value), 0o644) }

func single(address netip.Addr) *net.IPNet {
	return &net.IPNet{IP: address.AsSlice(), Mask: net.CIDRMask(32, 32)}
}

func neighbour(link netlink.Link, address netip.Addr, hardware net.HardwareAddr) *netlink.Neigh {
	return &netlink.Neigh{
		LinkIndex: link.Attrs().Index, State: netlink.NUD_PERMANENT, IP: address.AsSlice(), HardwareAddr: hardware,
	}
}
