package serviceproxy

import (
	"context"
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

// filter is the program that judges each packet for a socket: local ones come through the loopback device.
func (a Access) filter(loopback int) []unix.SockFilter {
	verdict := func(allowed bool) uint32 {
		if allowed {
			return pass
		}
		return drop
	}
	const load, equals, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	return []unix.SockFilter{
		{Code: load, K: ancillaryLink},
		{Code: equals, Jt: 1, K: uint32(loopback)},
		{Code: ret, K: verdict(a.External)},
		{Code: load, K: ancillaryMark},
		{Code: equals, Jf: 1, K: ForwardMark},
		{Code: ret, K: verdict(a.Forwarded)},
		{Code: ret, K: pass},
	}
}

// listen listens at an address of a Service; a ClusterIP's socket sees only what may reach it.
func (a Access) listen(address netip.AddrPort, clusterIP bool) (net.Listener, error) {
	var config net.ListenConfig
	if clusterIP && a != (Access{External: true, Forwarded: true}) {
		loopback, err := net.InterfaceByName("lo")
		if err != nil {
			return nil, fmt.Errorf("loopback device: %w", err)
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
	}
	return config.Listen(context.Background(), "tcp4", address.String())
}

// Forwarded is for a dialer's Control: the connection is one that a pod forwards.
func Forwarded(_, _ string, connection syscall.RawConn) error {
	var failure error
	err := connection.Control(func(socket uintptr) {
		failure = unix.SetsockoptInt(int(socket), unix.SOL_SOCKET, unix.SO_MARK, ForwardMark)
	})
	return errors.Join(err, failure)
}
