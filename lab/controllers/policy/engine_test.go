// Package policy asks Cilium's own policy engine who may talk to whom under the policies of the home site: those of its
// golden graph, and those that its charts make. Nothing runs for it; the engine is the library that Cilium's agent is made
// of (https://github.com/cilium/cilium, pkg/policy).
package policy

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"testing"

	"github.com/cilium/cilium/pkg/crypto/certificatemanager"
	envoypolicy "github.com/cilium/cilium/pkg/envoy/policy"
	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	ipcachetypes "github.com/cilium/cilium/pkg/ipcache/types"
	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	policyutils "github.com/cilium/cilium/pkg/policy/utils"
	testpolicy "github.com/cilium/cilium/pkg/testutils/policy"
	"github.com/cilium/cilium/pkg/u8proto"
)

// clusterName is that of the home site.
const clusterName = "home"

// engine is Cilium's policy repository with the policies and the identities of a site.
type engine struct {
	log        *slog.Logger
	repository *policy.Repository
	manager    identitymanager.IDManager
	// names are the selectors of `toFQDNs` in all policies: an address carries the labels of those that its name matches.
	names []api.FQDNSelector
	next  identity.NumericIdentity
	local identity.NumericIdentity
	known map[string]*identity.Identity
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	// In Kubernetes the agent sets this itself: a pod's own machine always reaches it (daemon/cmd, AllowLocalhostAuto).
	option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
	option.Config.EnableL7Proxy = true
	// The agent does this at its start: the entity `cluster` means those of its own cluster.
	api.InitEntities(clusterName)
	if err := labelsfilter.ParseLabelPrefixCfg(log, nil, nil, ""); err != nil {
		t.Fatal(err)
	}
	manager := identitymanager.NewIDManager(log)
	reserved := identity.IdentityMap{}
	identity.IterateReservedIdentities(func(number identity.NumericIdentity, id *identity.Identity) {
		reserved[number] = id.LabelArray
	})
	repository := policy.NewPolicyRepository(
		log, reserved, nil, envoypolicy.NewEnvoyL7RulesTranslator(log, certificatemanager.NewMockSecretManagerInline()),
		manager, testpolicy.NewPolicyMetricsNoop())
	repository.UpdateIdentities(reserved, nil)
	return &engine{
		log: log, repository: repository, manager: manager, next: 1000, local: identity.IdentityScopeLocal + 1,
		known: map[string]*identity.Identity{},
	}
}

// node is a resource of a golden graph.
type node struct {
	Type   string          `json:"type"`
	Name   string          `json:"name"`
	Inputs json.RawMessage `json:"inputs"`
}

// golden reads a graph by its link in testdata: Go's test cache looks only at files by their names inside of the module, and
// would keep an old result.
func golden(t *testing.T, stack string) []node {
	t.Helper()
	text, err := os.ReadFile("testdata/" + stack)
	if err != nil {
		t.Fatal(err)
	}
	var nodes []node
	if err := json.Unmarshal(text, &nodes); err != nil {
		t.Fatal(err)
	}
	return nodes
}

// load gives the engine the policies of a graph and returns their names.
func (e *engine) load(t *testing.T, nodes []node) map[string]bool {
	t.Helper()
	loaded := map[string]bool{}
	for _, each := range nodes {
		var rules api.Rules
		var err error
		switch each.Type {
		case "kubernetes:cilium.io/v2:CiliumClusterwideNetworkPolicy":
			var object ciliumv2.CiliumClusterwideNetworkPolicy
			if err = json.Unmarshal(each.Inputs, &object); err == nil {
				rules, err = object.Parse(e.log, clusterName)
			}
		case "kubernetes:cilium.io/v2:CiliumNetworkPolicy":
			var object ciliumv2.CiliumNetworkPolicy
			if err = json.Unmarshal(each.Inputs, &object); err == nil {
				rules, err = object.Parse(e.log, clusterName)
			}
		default:
			continue
		}
		if err != nil {
			t.Fatalf("%s: Cilium refuses it: %v", each.Name, err)
		}
		loaded[each.Name] = true
		e.add(each.Name, rules)
	}
	return loaded
}

func (e *engine) add(name string, rules api.Rules) {
	for _, rule := range rules {
		for _, egress := range rule.Egress {
			e.names = append(e.names, egress.ToFQDNs...)
		}
	}
	e.repository.ReplaceByResource(policyutils.RulesToPolicyEntries(rules), ipcachetypes.ResourceID(name))
}

// learn makes an identity known to the engine, once.
func (e *engine) learn(key string, number *identity.NumericIdentity, own labels.Labels) *identity.Identity {
	if known, ok := e.known[key]; ok {
		return known
	}
	id := identity.NewIdentity(*number, own)
	*number++
	added := identity.IdentityMap{id.ID: id.LabelArray}
	e.repository.UpdateIdentities(added, nil)
	e.repository.GetSelectorCache().UpdateIdentities(added, nil, nil)
	e.known[key] = id
	return id
}

// pod is the identity of a pod: of its labels those that Cilium keeps.
func (e *engine) pod(namespace string, own map[string]string) *identity.Identity {
	all := labels.Labels{}
	for key, value := range own {
		all[key] = labels.NewLabel(key, value, labels.LabelSourceK8s)
	}
	for key, value := range map[string]string{
		"io.kubernetes.pod.namespace": namespace, "io.cilium.k8s.policy.cluster": clusterName,
	} {
		all[key] = labels.NewLabel(key, value, labels.LabelSourceK8s)
	}
	kept, _ := labelsfilter.Filter(all)
	return e.learn(fmt.Sprintf("pod %s", kept), &e.next, kept)
}

// address is the identity of an address outside of the cluster, and of a name that it was learned by.
func (e *engine) address(address netip.Addr, name string) (*identity.Identity, error) {
	own := labels.GetCIDRLabels(netip.PrefixFrom(address, address.BitLen()))
	for _, selector := range e.names {
		expression, err := selector.ToRegex()
		if err != nil {
			return nil, err
		}
		if name != "" && expression.MatchString(name+".") {
			label := selector.IdentityLabel()
			own[label.String()] = label
		}
	}
	return e.learn(fmt.Sprintf("address %s %s", address, name), &e.local, own), nil
}

// allows tells whether a connection passes both ends.
func (e *engine) allows(from, to *identity.Identity, protocol u8proto.U8proto, port uint16) (bool, error) {
	verdict, _, _, err := policy.LookupFlow(e.log, e.repository, e.manager, types.Flow{
		From: from, To: to, Proto: protocol, Dport: port,
	})
	return verdict.Egress == types.DecisionAllowed && verdict.Ingress == types.DecisionAllowed, err
}

// mayAsk tells whether a pod's lookup of a name reaches the DNS server: the DNS proxy lets it through.
func (e *engine) mayAsk(from, server *identity.Identity, name string) (bool, error) {
	reaches, err := e.allows(from, server, u8proto.UDP, 53)
	if err != nil || !reaches {
		return false, err
	}
	selected, _, err := e.repository.ComputeSelectorPolicy(from)
	if err != nil {
		return false, err
	}
	defer selected.Supersede()
	for filter, tuple := range selected.RedirectFilters() {
		if filter.Port != 53 {
			continue
		}
		for _, rule := range tuple.Policy.DNS {
			expression, err := (*api.FQDNSelector)(&rule).ToRegex()
			if err != nil {
				return false, err
			}
			if expression.MatchString(name + ".") {
				return true, nil
			}
		}
	}
	return false, nil
}
