package serviceproxy

import (
	"errors"
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

// Forwarded is for a dialer's Control: the connection is one that a pod forwards.
func Forwarded(_, _ string, connection syscall.RawConn) error {
	var failure error
	err := connection.Control(func(socket uintptr) {
		failure = unix.SetsockoptInt(int(socket), unix.SOL_SOCKET, unix.SO_MARK, ForwardMark)
	})
	return errors.Join(err, failure)
}

// Node is what is known of the machine.
type Node struct {
	Address netip.Addr
	// Pods is the range of the node's own pods.
	Pods netip.Prefix
}
