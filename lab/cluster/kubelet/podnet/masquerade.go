package podnet

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"

	"homelab/lab/cluster/nft"
)

// table is the kernel's table with the node's rules.
const table = "homelab-pods"

// Masquerade gives what leaves the node's pods the machine's own address, but what goes to the kept ranges,
// where pods' addresses are known. It replaces earlier rules.
func Masquerade(pods netip.Prefix, kept []netip.Prefix) error {
	connection, err := nftables.New()
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	own := connection.AddTable(&nftables.Table{Name: table, Family: nftables.TableFamilyIPv4})
	connection.FlushTable(own)
	chain := connection.AddChain(&nftables.Chain{
		Name: "postrouting", Table: own, Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookPostrouting, Priority: nftables.ChainPriorityNATSource,
	})
	for _, destination := range kept {
		connection.AddRule(&nftables.Rule{Table: own, Chain: chain, Exprs: slices.Concat(
			nft.Source.Within(pods), nft.Destination.Within(destination), nft.Return,
		)})
	}
	connection.AddRule(&nftables.Rule{Table: own, Chain: chain, Exprs: slices.Concat(nft.Source.Within(pods), []expr.Any{&expr.Masq{}})})
	if err := connection.Flush(); err != nil {
		return fmt.Errorf("cannot masquerade what pods send; the kernel must have nf_tables with NAT: %w", err)
	}
	return nil
}
