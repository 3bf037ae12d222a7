package cilium

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"homelab/lab/cluster/cilium/netpolicy"
	"homelab/lab/cluster/nft"
)

var transports = map[string]byte{"TCP": unix.IPPROTO_TCP, "UDP": unix.IPPROTO_UDP}

// writePolicies writes the rules. Each packet of a connection's own direction is judged, as with Cilium, so that a policy
// also ends what is open; answers pass. What is not let through is dropped without a word.
func writePolicies(table *nft.Table, pods netip.Prefix, verdicts map[netip.Addr]netpolicy.Verdict) {
	judge := table.Chain("judge")
	table.Rule(judge, nft.Reply(), nft.Accept)
	table.Rule(judge, nft.Related(), nft.Accept)
	for _, address := range slices.SortedFunc(maps.Keys(verdicts), netip.Addr.Compare) {
		verdict := verdicts[address]
		for direction, side := range map[string]netpolicy.Side{"egress": verdict.Egress, "ingress": verdict.Ingress} {
			if !side.Closed {
				continue
			}
			own, peer := nft.Source, nft.Destination
			if direction == "ingress" {
				own, peer = peer, own
			}
			chain := table.Chain(direction + "-" + address.String())
			// Through its own Service a pod always reaches itself.
			table.Rule(chain, peer.Is(address), nft.Return)
			for _, allowed := range side.Allowed {
				for _, ports := range allowed.Ports {
					table.Rule(chain, peersOf(table, peer, allowed.Peers, verdict.Managed),
						nft.Protocol(transports[ports.Protocol]), nft.Ports(ports.First, ports.Last), nft.Return)
				}
			}
			table.Rule(chain, nft.Drop)
			table.Rule(judge, own.Is(address), nft.Jump(chain.Name))
		}
	}
	filter, priority := nftables.ChainTypeFilter, nftables.ChainPriorityFilter
	// What a machine sends to itself has left it already.
	table.Hook(nftables.ChainHookInput, filter, priority, slices.Concat(nft.NotFrom("lo"), nft.Jump("judge")))
	table.Hook(nftables.ChainHookForward, filter, priority, nft.Jump("judge"))
	// The machine reaches its pods, from whichever of its addresses; what pods' programs send that the machine plays is theirs.
	table.Hook(nftables.ChainHookOutput, filter, priority, slices.Concat(nft.Source.Within(pods), nft.Jump("judge")))
}

func peersOf(table *nft.Table, peer nft.Field, peers netpolicy.Peers, managed []netip.Addr) []expr.Any {
	if peers.Everybody {
		return nil
	}
	if !peers.Network.IsValid() {
		return table.Among(peer, peers.Addresses)
	}
	conditions := peer.Within(peers.Network)
	for _, except := range peers.Except {
		conditions = append(conditions, peer.Outside(except)...)
	}
	return append(conditions, table.NotAmong(peer, managed)...)
}
