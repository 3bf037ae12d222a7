package kubelet

import (
	"fmt"
	"net/netip"
	"sync"
)

// notInitialised is the message of a node without a CNI plugin, in the words of kubelet and containerd.
const notInitialised = "container runtime network not ready: NetworkReady=false " +
	"reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"

// podNetwork hands out pod addresses once a CNI program has provided a range. As on a real node,
// where the CNI's configuration file stays, it stays usable when that program stops.
type podNetwork struct {
	mu    sync.Mutex
	cidr  netip.Prefix
	used  map[netip.Addr]string
	ready chan struct{}
}

func newPodNetwork() *podNetwork {
	return &podNetwork{used: map[netip.Addr]string{}, ready: make(chan struct{})}
}

// Provide implements program.Network.
func (n *podNetwork) Provide(cidr netip.Prefix) {
	n.mu.Lock()
	defer n.mu.Unlock()
	first := !n.cidr.IsValid()
	n.cidr = cidr.Masked()
	if first {
		close(n.ready)
	}
}

func (n *podNetwork) isReady() bool {
	select {
	case <-n.ready:
		return true
	default:
		return false
	}
}

// allocate gives owner an address of the node's range: wanted if that is free, else the lowest free
// one. The first two addresses are left out, as Cilium keeps them for the network and its router.
func (n *podNetwork) allocate(owner string, wanted netip.Addr) (netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if holder, taken := n.used[wanted]; n.cidr.Contains(wanted) && (!taken || holder == owner) {
		n.used[wanted] = owner
		return wanted, nil
	}
	for address := n.cidr.Addr().Next().Next(); n.cidr.Contains(address.Next()); address = address.Next() {
		if _, taken := n.used[address]; !taken {
			n.used[address] = owner
			return address, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("range %s is full: no more IPs available", n.cidr)
}

// release frees every address of owner.
func (n *podNetwork) release(owner string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for address, holder := range n.used {
		if holder == owner {
			delete(n.used, address)
		}
	}
}
