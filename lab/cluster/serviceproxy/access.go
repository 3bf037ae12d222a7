package serviceproxy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// ForwardMark is the mark of connections that a pod forwards for somebody else, as a subnet router does: they begin in
// no socket of the pod's, so that the load balancing of sockets does not see them.
const ForwardMark = 0x7ab

// Access says who besides the node and the sockets of its pods reaches ClusterIPs. What may not is dropped without an
// answer, as Cilium does (DROP_IS_CLUSTER_IP in bpf/lib/nodeport.h; ENABLE_PER_PACKET_LB in bpf/bpf_lxc.c).
type Access struct {
	// External: from outside of the cluster, `bpf.lbExternalClusterIP`.
	External bool
	// Forwarded: through a pod that forwards packets, `socketLB.hostNamespaceOnly`: only then is each packet of a pod
	// looked at, and not its sockets' connections alone.
	Forwarded bool
	// Pods is the range of the node's own pods: those with a network of their own come through devices of theirs.
	Pods netip.Prefix
}

// Offsets of what the kernel knows of a packet besides its bytes (linux/filter.h).
const (
	ancillary     = 0xfffff000
	ancillaryLink = ancillary + 8
	ancillaryMark = ancillary + 20
)

const (
	drop = 0
	pass = 0xffffffff
)

// networkHeader is where a filter finds the packet's IPv4 header, and source where that has its sender.
const (
	networkHeader = 0xfff00000
	source        = networkHeader + 12
)

// filter is the program that judges each packet for a socket: local ones come through the loopback device, those of
// pods with a network of their own from the range of the node's pods.
func (a Access) filter(loopback int) []unix.SockFilter {
	verdict := func(allowed bool) uint32 {
		if allowed {
			return pass
		}
		return drop
	}
	const load, equals, and, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K,
		unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	var network, mask uint32
	if a.Pods.IsValid() {
		four := a.Pods.Masked().Addr().As4()
		network, mask = binary.BigEndian.Uint32(four[:]), ^uint32(0)<<(32-a.Pods.Bits())
	} else {
		// No address is that after this mask.
		network, mask = 1, 0
	}
	return []unix.SockFilter{
		{Code: load, K: ancillaryLink},
		{Code: equals, Jt: 5, K: uint32(loopback)},
		{Code: load, K: source},
		{Code: and, K: mask},
		{Code: equals, Jf: 1, K: network},
		{Code: ret, K: pass},
		{Code: ret, K: verdict(a.External)},
		{Code: load, K: ancillaryMark},
		{Code: equals, Jf: 1, K: ForwardMark},
		{Code: ret, K: verdict(a.Forwarded)},
		{Code: ret, K: pass},
	}
}

// listen listens at an address of a Service; a ClusterIP's socket sees only what may reach it.
func (a Access) listen(address netip.AddrPort, clusterIP bool) (net.Listener, error) {
	config, err := a.config(clusterIP)
	if err != nil {
		return nil, err
	}
	return config.Listen(context.Background(), "tcp4", address.String())
}

// listenPacket does the same for UDP.
func (a Access) listenPacket(address netip.AddrPort, clusterIP bool) (*net.UDPConn, error) {
	config, err := a.config(clusterIP)
	if err != nil {
		return nil, err
	}
	socket, err := config.ListenPacket(context.Background(), "udp4", address.String())
	if err != nil {
		return nil, err
	}
	return socket.(*net.UDPConn), nil
}

func (a Access) config(clusterIP bool) (config net.ListenConfig, err error) {
	if !clusterIP || a.External && a.Forwarded {
		return config, nil
	}
	loopback, err := net.InterfaceByName("lo")
	if err != nil {
		return config, fmt.Errorf("loopback device: %w", err)
	}
	program := a.filter(loopback.Index)
	config.Control = func(_, _ string, connection syscall.RawConn) error {
		var failure error
		err := connection.Control(func(socket uintptr) {
			failure = unix.SetsockoptSockFprog(int(socket), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
				&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
		})
		return errors.Join(err, failure)
	}
	return config, nil
}

// Forwarded is for a dialer's Control: the connection is one that a pod forwards.
func Forwarded(_, _ string, connection syscall.RawConn) error {
	var failure error
	err := connection.Control(func(socket uintptr) {
		failure = unix.SetsockoptInt(int(socket), unix.SOL_SOCKET, unix.SO_MARK, ForwardMark)
	})
	return errors.Join(err, failure)
}
