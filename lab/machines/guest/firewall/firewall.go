// Package firewall is the packet filter of a simulated router: none, or one that keeps state, as the usual routers do.
package firewall

import (
	"fmt"
	"net/netip"
	"os"
	"slices"

	"github.com/google/nftables"

	"homelab/lab/cluster/nft"
)

// Command is `firewall none`, or `firewall stateful NETWORK`: what is on its way into the network and belongs to no connection
// is dropped. It is for the network namespace that it runs in.
func Command(args []string) int {
	if err := set(args); err != nil {
		fmt.Fprintln(os.Stderr, "firewall:", err)
		return 1
	}
	return 0
}

func set(args []string) error {
	owner, err := nft.NewOwner("firewall")
	if err != nil {
		return err
	}
	switch {
	case len(args) == 1 && args[0] == "none":
		return owner.Remove()
	case len(args) == 2 && args[0] == "stateful":
		network, err := netip.ParsePrefix(args[1])
		if err != nil {
			return err
		}
		return owner.Replace(func(table *nft.Table) {
			// An ACK to a SYN whose answer did not pass here belongs to none (tcp_conntracks in the kernel's
			// net/netfilter/nf_conntrack_proto_tcp.c).
			table.Hook(nftables.ChainHookForward, nftables.ChainTypeFilter, nftables.ChainPriorityFilter,
				slices.Concat(nft.Destination.Within(network), nft.Invalid(), nft.Drop))
		})
	}
	return fmt.Errorf("want none, or stateful and a network, not %q", args)
}
