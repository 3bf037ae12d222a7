package podnet

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
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
			matches(sourceOffset, pods), matches(destinationOffset, destination),
			[]expr.Any{&expr.Verdict{Kind: expr.VerdictReturn}},
		)})
	}
	connection.AddRule(&nftables.Rule{Table: own, Chain: chain, Exprs: slices.Concat(matches(sourceOffset, pods), []expr.Any{&expr.Masq{}})})
	if err := connection.Flush(); err != nil {
		return fmt.Errorf("cannot masquerade what pods send; the kernel must have nf_tables with NAT: %w", err)
	}
	return nil
}

// Offsets of addresses in the IPv4 header.
const (
	sourceOffset      = 12
	destinationOffset = 16
)

// matches compares the network part of an address of the packet with a range.
func matches(offset uint32, prefix netip.Prefix) []expr.Any {
	network := prefix.Masked().Addr().As4()
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: 4},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: net.CIDRMask(prefix.Bits(), 32), Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: network[:]},
	}
}
