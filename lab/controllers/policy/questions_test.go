package policy

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/u8proto"
)

// resolved stands for the address that a name outside of the cluster leads to.
var resolved = netip.MustParseAddr("203.0.113.80")

// question is a line of a site's table.
type question struct {
	line                   int
	answer, from, to, port string
}

// site is a table: who takes part, and the questions.
type site struct {
	peers     map[string][]string
	questions []question
}

// read reads a table, but for questions about namespaces that the site has no policy for: its first lines say what in it
// means what.
func read(t *testing.T, path string, policies map[string]bool) site {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	found := site{peers: map[string][]string{}}
	asked := true
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(text)
		switch {
		case len(words) == 0:
		case len(words) == 2 && words[0] == "when":
			asked = words[1] == "always" || policies["policy-homelab-"+words[1]]
		case len(words) >= 4 && words[1] == "is":
			found.peers[words[0]] = words[2:]
		case len(words) == 4 && (words[0] == "yes" || words[0] == "no"):
			if !asked {
				continue
			}
			found.questions = append(found.questions, question{number, words[0], words[1], words[2], words[3]})
		default:
			t.Fatalf("%s:%d: is no question: %s", path, number, text)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// deployed are the labels of the pods of a graph's own workloads, by namespace/name.
func deployed(t *testing.T, nodes []node) map[string]map[string]string {
	t.Helper()
	found := map[string]map[string]string{}
	for _, each := range nodes {
		if !strings.HasPrefix(each.Type, "kubernetes:apps/v1:") {
			continue
		}
		var workload struct {
			Metadata struct{ Name, Namespace string }
			Spec     struct {
				Template struct {
					Metadata struct{ Labels map[string]string }
				}
			}
		}
		if err := json.Unmarshal(each.Inputs, &workload); err != nil {
			t.Fatalf("%s: %v", each.Name, err)
		}
		name := workload.Metadata.Namespace + "/" + workload.Metadata.Name
		found[name] = workload.Spec.Template.Metadata.Labels
	}
	return found
}

// peer gives the identity of a word of the table.
func (s site) peer(e *engine, own map[string]map[string]string, word string) (*identity.Identity, error) {
	if name, ok := strings.CutPrefix(word, "name:"); ok {
		return e.address(resolved, name)
	}
	if address, err := netip.ParseAddr(word); err == nil {
		return e.address(address, "")
	}
	says, ok := s.peers[word]
	if !ok {
		return nil, fmt.Errorf("nothing says who %s is", word)
	}
	switch says[0] {
	case "address":
		address, err := netip.ParseAddr(says[1])
		if err != nil {
			return nil, err
		}
		return e.address(address, "")
	case "entity":
		if number, ok := map[string]identity.NumericIdentity{
			"host": identity.ReservedIdentityHost, "remote-node": identity.ReservedIdentityRemoteNode,
			"kube-apiserver": identity.ReservedIdentityKubeAPIServer,
		}[says[1]]; ok {
			return identity.LookupReservedIdentity(number), nil
		}
	case "workload":
		if labels, ok := own[says[1]]; ok {
			namespace, _, _ := strings.Cut(says[1], "/")
			return e.pod(namespace, labels), nil
		}
		return nil, fmt.Errorf("the graph has no workload %s", says[1])
	case "pod":
		labels := map[string]string{}
		for _, pair := range says[2:] {
			key, value, _ := strings.Cut(pair, "=")
			labels[key] = value
		}
		return e.pod(says[1], labels), nil
	}
	return nil, fmt.Errorf("%s: %s is no kind of peer", word, says[0])
}

func (s site) answer(e *engine, own map[string]map[string]string, q question) (bool, error) {
	from, err := s.peer(e, own, q.from)
	if err != nil {
		return false, err
	}
	name, named := strings.CutPrefix(q.to, "name:")
	asked := true
	if named {
		server, err := s.peer(e, own, "dns")
		if err != nil {
			return false, err
		}
		// Whoever may not ask for a name never learns where it leads.
		if asked, err = e.mayAsk(from, server, name); err != nil || q.port == "lookup" {
			return asked, err
		}
	}
	to, err := s.peer(e, own, q.to)
	if err != nil {
		return false, err
	}
	number, protocol, _ := strings.Cut(q.port, "/")
	port, err := strconv.ParseUint(number, 10, 16)
	if err != nil {
		return false, err
	}
	kind := u8proto.TCP
	if protocol == "UDP" {
		kind = u8proto.UDP
	}
	allowed, err := e.allows(from, to, kind, uint16(port))
	return allowed && asked, err
}

func TestTheHomeSitesPoliciesAnswerAsExpected(t *testing.T) {
	nodes := golden(t, "home")
	engine := newEngine(t)
	policies := engine.load(t, nodes)
	if len(policies) == 0 {
		t.Fatal("the graph has no policies")
	}
	table := read(t, "home.questions", policies)
	own := deployed(t, nodes)
	counted := map[string]int{}
	for _, q := range table.questions {
		counted[q.answer]++
		allowed, err := table.answer(engine, own, q)
		if err != nil {
			t.Errorf("home.questions:%d: %v", q.line, err)
			continue
		}
		if allowed != (q.answer == "yes") {
			t.Errorf("home.questions:%d: %s -> %s %s: must be %s", q.line, q.from, q.to, q.port, q.answer)
		}
	}
	if counted["no"] < 40 || counted["yes"]+counted["no"] < 100 {
		t.Errorf("asked %v: fewer than 100 questions, or than 40 that must be no", counted)
	}
	// Every workload of the graph is asked about.
	asked := map[string]bool{}
	for _, says := range table.peers {
		if says[0] == "workload" {
			asked[says[1]] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if !asked[name] {
			t.Errorf("home.questions asks nothing about %s", name)
		}
	}
	t.Logf("%d yes, %d no", counted["yes"], counted["no"])
}

// Cilium judges patterns itself: the trap that the config refuses is one.
func TestAStarIsOneLabel(t *testing.T) {
	for pattern, matches := range map[string]map[string]bool{
		"*.example.com":  {"api.example.com": true, "example.com": false, "x.api.example.com": false},
		"**.example.com": {"api.example.com": true, "example.com": false, "x.api.example.com": true},
	} {
		for name, expected := range matches {
			engine := newEngine(t)
			engine.load(t, []node{{Type: "kubernetes:cilium.io/v2:CiliumClusterwideNetworkPolicy", Name: "trap", Inputs: json.RawMessage(`{
				"metadata": {"name": "trap"}, "spec": {
					"endpointSelector": {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "shop"}},
					"egress": [
						{"toEndpoints": [{"matchLabels": {"k8s-app": "kube-dns", "k8s:io.kubernetes.pod.namespace": "kube-system"}}],
							"toPorts": [{"ports": [{"port": "53", "protocol": "UDP"}], "rules": {"dns": [{"matchPattern": "*"}]}}]},
						{"toFQDNs": [{"matchPattern": "` + pattern + `"}], "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}]}}`)}})
			to, err := engine.address(resolved, name)
			if err != nil {
				t.Fatal(err)
			}
			allowed, err := engine.allows(engine.pod("shop", nil), to, u8proto.TCP, 443)
			if err != nil || allowed != expected {
				t.Errorf("%s lets %s through: %v %v, expected %v", pattern, name, allowed, err, expected)
			}
		}
	}
}
