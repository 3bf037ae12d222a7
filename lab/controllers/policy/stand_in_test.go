package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/u8proto"

	"homelab/lab/cluster/cilium/netpolicy"
)

// ports are asked about between all peers: those of the policies, of the questions, and some of neither.
var ports = map[string][]uint16{
	"TCP": {22, 53, 80, 443, 1053, 2000, 4244, 4245, 6443, 7844, 8080, 9999, 10080, 10250, 18000},
	"UDP": {53, 443, 1053, 7844, 41641},
}

var numbers = map[string]u8proto.U8proto{"TCP": u8proto.TCP, "UDP": u8proto.UDP}

// side is what both engines know of a peer of the table.
type side struct {
	word     string
	identity *identity.Identity
	endpoint *netpolicy.Endpoint
	address  netip.Addr
}

// sides gives every peer an address, and collects the world that they make.
func (s site) sides(
	t *testing.T, e *engine, own map[string]map[string]string, resolve func(string) []netip.Addr,
) ([]side, netpolicy.World) {
	t.Helper()
	var endpoints []netpolicy.Endpoint
	var nodes []netpolicy.Node
	var found []side
	next := netip.MustParseAddr("10.42.7.2")
	for _, word := range slices.Sorted(maps.Keys(s.peers)) {
		says := s.peers[word]
		id, err := s.peer(e, own, word)
		if err != nil {
			continue // A workload that the graph does not have.
		}
		one := side{word: word, identity: id, address: next}
		switch says[0] {
		case "address":
			one.address = netip.MustParseAddr(says[1])
		case "entity":
			one.address = netip.MustParseAddr(fmt.Sprintf("192.168.1.%d", 100+len(nodes)))
			nodes = append(nodes, netpolicy.Node{
				Addresses: []netip.Addr{one.address}, Own: says[1] == "host", APIServer: says[1] == "kube-apiserver",
			})
		case "workload":
			namespace, _, _ := strings.Cut(says[1], "/")
			one.endpoint = &netpolicy.Endpoint{Namespace: namespace, Labels: own[says[1]], Address: next}
		case "pod":
			labels := map[string]string{}
			for _, pair := range says[2:] {
				key, value, _ := strings.Cut(pair, "=")
				labels[key] = value
			}
			one.endpoint = &netpolicy.Endpoint{Namespace: says[1], Labels: labels, Address: next}
		}
		if one.endpoint != nil {
			endpoints = append(endpoints, *one.endpoint)
		}
		next = next.Next()
		found = append(found, one)
	}
	return found, netpolicy.NewWorld(clusterName, endpoints, nodes, resolve)
}

// standIn reads the policies of a graph as the lab's Cilium does.
func standIn(t *testing.T, nodes []node) []netpolicy.Policy {
	t.Helper()
	var policies []netpolicy.Policy
	for _, each := range nodes {
		if !strings.HasSuffix(each.Type, "NetworkPolicy") || !strings.HasPrefix(each.Type, "kubernetes:cilium.io/") {
			continue
		}
		object := map[string]any{}
		if err := json.Unmarshal(each.Inputs, &object); err != nil {
			t.Fatal(err)
		}
		policy, err := netpolicy.Read(object)
		if err != nil {
			t.Fatalf("%s: %v", each.Name, err)
		}
		policies = append(policies, policy)
	}
	return policies
}

// passes tells whether the lab's Cilium lets a connection through at both ends.
func passes(verdicts map[string]netpolicy.Verdict, from, to side, protocol string, port uint16) bool {
	if from.endpoint != nil {
		verdict := verdicts[from.word]
		if !verdict.Egress.Allows(verdict.Managed, to.address, protocol, port) {
			return false
		}
	}
	if to.endpoint != nil {
		verdict := verdicts[to.word]
		return verdict.Ingress.Allows(verdict.Managed, from.address, protocol, port)
	}
	return true
}

// What holds traffic in the lab is not Cilium's engine, and has to answer as it does: everybody to everybody, at all ports.
func TestTheLabsCiliumAnswersAsCiliumsEngine(t *testing.T) {
	for name, nodes := range map[string][]node{"home": golden(t, "home"), "other shapes": shapes(t)} {
		ports := ports
		if name != "home" {
			ports = map[string][]uint16{"TCP": {22, 80, 2000, 8080}, "UDP": {80}}
		}
		engine := newEngine(t)
		loaded := engine.load(t, nodes)
		table, own := read(t, "home.questions", loaded), deployed(t, nodes)
		sides, world := table.sides(t, engine, own, func(string) []netip.Addr { return nil })
		policies := standIn(t, nodes)
		verdicts := map[string]netpolicy.Verdict{}
		for _, one := range sides {
			if one.endpoint != nil {
				verdicts[one.word] = world.Judge(policies, *one.endpoint)
			}
		}
		asked, allowed := 0, 0
		for _, from := range sides {
			for _, to := range sides {
				if from.word == to.word || from.endpoint == nil && to.endpoint == nil {
					continue
				}
				for protocol, list := range ports {
					for _, port := range list {
						says, err := engine.allows(from.identity, to.identity, numbers[protocol], port)
						if err != nil {
							t.Fatal(err)
						}
						asked++
						if says {
							allowed++
						}
						if passes(verdicts, from, to, protocol, port) != says {
							t.Errorf("%s: %s -> %s %d/%s: Cilium says %v", name, from.word, to.word, port, protocol, says)
						}
					}
				}
			}
		}
		t.Logf("%s: %d asked, %d pass", name, asked, allowed)
	}
}

// shapes are policies of shapes that home's have not, about the table's pods.
func shapes(t *testing.T) []node {
	t.Helper()
	nodes := slices.DeleteFunc(golden(t, "home"), func(n node) bool { return strings.HasSuffix(n.Type, "NetworkPolicy") })
	for name, text := range map[string]string{
		"CiliumNetworkPolicy one": `{"metadata": {"name": "one", "namespace": "default"}, "spec": {
			"endpointSelector": {}, "ingress": [{"fromEndpoints": [{}]}, {"toPorts": [{"ports": [{"port": "2000", "protocol": "TCP"}]}]}]}}`,
		"CiliumNetworkPolicy two": `{"metadata": {"name": "two", "namespace": "typeo"}, "specs": [
			{"endpointSelector": {"matchLabels": {"app.kubernetes.io/name": "typeo"}}, "egress": [
				{"toCIDRSet": [{"cidr": "192.168.1.0/24", "except": ["192.168.1.0/28"]}]},
				{"toEntities": ["remote-node"], "toPorts": [{"ports": [{"port": "22", "endPort": 80, "protocol": "TCP"}]}]}]},
			{"endpointSelector": {"matchLabels": {"k8s:app.kubernetes.io/name": "typeo"}}, "ingress": [{"fromEntities": ["all"],
				"toPorts": [{"ports": [{"port": "8080", "protocol": "TCP"}]}]}]}]}`,
		"CiliumClusterwideNetworkPolicy three": `{"metadata": {"name": "three"}, "spec": {
			"endpointSelector": {"matchLabels": {"k8s-app": "hubble-relay"}},
			"ingress": [{"fromEndpoints": [{}]}], "egress": [{"toEntities": ["cluster"]}]}}`,
		"CiliumClusterwideNetworkPolicy four": `{"metadata": {"name": "four"}, "spec": {
			"endpointSelector": {"matchLabels": {"any:app": "reloader"}}, "ingress": [{"fromCIDRSet": [{"cidr": "0.0.0.0/0"}]}],
			"egress": [{"toEndpoints": [{"matchLabels": {"io.kubernetes.pod.namespace": "tailscale"}}, {"matchLabels": {"app": "webhook"}}]}]}}`,
		"CiliumClusterwideNetworkPolicy five": `{"metadata": {"name": "five"}, "spec": {
			"endpointSelector": {"matchLabels": {"app": "operator"}}, "ingress": [{}], "egress": [{"toEntities": ["host", "kube-apiserver"]}]}}`,
	} {
		kind, name, _ := strings.Cut(name, " ")
		nodes = append(nodes, node{Type: "kubernetes:cilium.io/v2:" + kind, Name: name, Inputs: json.RawMessage(text)})
	}
	return nodes
}

// Names count by what they lead to: patterns are for Cilium alone.
func TestTheLabsCiliumKnowsNamesByTheirAddresses(t *testing.T) {
	nodes := golden(t, "home")
	engine := newEngine(t)
	table, own := read(t, "home.questions", engine.load(t, nodes)), deployed(t, nodes)
	leads := ""
	sides, world := table.sides(t, engine, own, func(name string) []netip.Addr {
		if name == leads {
			return []netip.Addr{resolved}
		}
		return nil
	})
	policies := standIn(t, nodes)
	asked := 0
	for _, from := range sides {
		if from.endpoint == nil {
			continue
		}
		for _, name := range append(world.Names(policies, *from.endpoint), "example.org") {
			leads = name
			verdict := world.Judge(policies, *from.endpoint)
			to, err := engine.address(resolved, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, port := range ports["TCP"] {
				says, err := engine.allows(from.identity, to, u8proto.TCP, port)
				if err != nil {
					t.Fatal(err)
				}
				asked++
				if verdict.Egress.Allows(verdict.Managed, resolved, "TCP", port) != says {
					t.Errorf("%s -> %s %d: Cilium says %v", from.word, name, port, says)
				}
			}
		}
	}
	t.Logf("%d asked", asked)
}
