// Package netpolicy reads Cilium's network policies and says what they let through: allow rules by
// endpoints, entities, networks, names and ports. What Cilium refuses, and shapes that the lab does not
// know, are refused by name, so that no policy is taken for valid that nobody read. Cilium's own engine
// is a library, whose packages no other program of a machine needs; a test of controllers/policy holds
// this one's answers against it.
package netpolicy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// spec is one part of a policy (https://docs.cilium.io/en/v1.19/security/policy/).
type spec struct {
	Description      string    `json:"description"`
	EndpointSelector *selector `json:"endpointSelector"`
	Ingress          []rule    `json:"ingress"`
	Egress           []rule    `json:"egress"`
}

// selector selects endpoints by labels; a nil one selects nothing.
type selector struct {
	MatchLabels      map[string]string `json:"matchLabels"`
	MatchExpressions []expression      `json:"matchExpressions"`
}

// expression is a test of one label.
type expression struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Values   []string `json:"values"`
}

// rule allows what one of its peers does on one of its ports.
type rule struct {
	FromEndpoints []selector `json:"fromEndpoints"`
	FromEntities  []string   `json:"fromEntities"`
	FromCIDRSet   []network  `json:"fromCIDRSet"`
	ToEndpoints   []selector `json:"toEndpoints"`
	ToEntities    []string   `json:"toEntities"`
	ToCIDRSet     []network  `json:"toCIDRSet"`
	ToFQDNs       []name     `json:"toFQDNs"`
	ToPorts       []portRule `json:"toPorts"`
}

// network is a range of addresses without some of its parts.
type network struct {
	CIDR   string   `json:"cidr"`
	Except []string `json:"except"`
}

// name is a name, or a pattern of names.
type name struct {
	MatchName    string `json:"matchName"`
	MatchPattern string `json:"matchPattern"`
}

// portRule is a set of ports, perhaps with what may be said on them.
type portRule struct {
	Ports []port  `json:"ports"`
	Rules *layer7 `json:"rules"`
}

// port is a port of a protocol, or a run of them.
type port struct {
	Port     string `json:"port"`
	EndPort  int    `json:"endPort"`
	Protocol string `json:"protocol"`
}

// layer7 is what may be said on a port.
type layer7 struct {
	HTTP []http `json:"http"`
	DNS  []name `json:"dns"`
}

// http is a request that is let through.
type http struct {
	Method string `json:"method"`
	Path   string `json:"path"`
}

// entities are those that rules may name here.
var entities = map[string]bool{
	"all": true, "cluster": true, "host": true, "kube-apiserver": true, "remote-node": true, "world": true,
}

// Policy is a policy that has been read.
type Policy struct {
	// namespace is that of the policy, which its selectors keep to; none for a clusterwide one.
	namespace string
	specs     []spec
}

// Read reads a policy as the API has it. What Cilium itself refuses (pkg/policy/api, Rule.Sanitize) and what is not judged
// here are errors.
func Read(object map[string]any) (Policy, error) {
	var policy struct {
		Metadata struct{ Namespace string }
		Spec     *spec
		Specs    []spec
	}
	for key, target := range map[string]any{"metadata": &policy.Metadata, "spec": &policy.Spec, "specs": &policy.Specs} {
		if object[key] == nil {
			continue
		}
		text, err := json.Marshal(object[key])
		if err != nil {
			return Policy{}, err
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		if key != "metadata" {
			decoder.DisallowUnknownFields()
		}
		if err := decoder.Decode(target); err != nil {
			return Policy{}, fmt.Errorf("%s: not judged by the lab: %w", key, err)
		}
	}
	if policy.Spec != nil {
		policy.Specs = append([]spec{*policy.Spec}, policy.Specs...)
	}
	var problems []error
	for _, one := range policy.Specs {
		problems = append(problems, one.check())
	}
	return Policy{namespace: policy.Metadata.Namespace, specs: policy.Specs}, errors.Join(problems...)
}

func (s *spec) check() error {
	if s.EndpointSelector == nil {
		return errors.New("rule must have one of EndpointSelector or NodeSelector")
	}
	problems := []error{s.EndpointSelector.check()}
	for _, rule := range s.Ingress {
		if rule.ToEndpoints != nil || rule.ToEntities != nil || rule.ToCIDRSet != nil || rule.ToFQDNs != nil {
			problems = append(problems, errors.New("an ingress rule has no to"))
		}
		problems = append(problems, rule.check())
	}
	for _, rule := range s.Egress {
		if rule.FromEndpoints != nil || rule.FromEntities != nil || rule.FromCIDRSet != nil {
			problems = append(problems, errors.New("an egress rule has no from"))
		}
		problems = append(problems, rule.check())
	}
	return errors.Join(problems...)
}

func (r *rule) check() error {
	var problems []error
	kinds := 0
	for _, has := range []bool{
		r.FromEndpoints != nil, r.FromEntities != nil, r.FromCIDRSet != nil,
		r.ToEndpoints != nil, r.ToEntities != nil, r.ToCIDRSet != nil, r.ToFQDNs != nil,
	} {
		if has {
			kinds++
		}
	}
	if kinds > 1 {
		// pkg/policy/api/rule_validation.go: "Combining %s and %s is not supported yet".
		problems = append(problems, errors.New("combining kinds of peers in one rule is not supported"))
	}
	for _, one := range slices.Concat(r.FromEndpoints, r.ToEndpoints) {
		problems = append(problems, one.check())
	}
	for _, entity := range append(append([]string{}, r.FromEntities...), r.ToEntities...) {
		if !entities[entity] {
			problems = append(problems, fmt.Errorf("unsupported entity: %s", entity))
		}
	}
	for _, network := range append(append([]network{}, r.FromCIDRSet...), r.ToCIDRSet...) {
		for _, text := range append([]string{network.CIDR}, network.Except...) {
			if _, err := netip.ParsePrefix(text); err != nil {
				problems = append(problems, fmt.Errorf("unable to parse CIDRRule %q: %w", text, err))
			}
		}
	}
	for _, set := range r.ToPorts {
		problems = append(problems, set.check())
	}
	return errors.Join(problems...)
}

// unread are the beginnings of labels that selectors may name and the lab's endpoints do not have: those of Cilium's own
// identities, and those of namespaces.
var unread = []string{"reserved:", "cidr:", "fqdn:", "io.cilium.k8s.namespace.labels"}

func (s *selector) check() error {
	var problems []error
	for key := range s.MatchLabels {
		problems = append(problems, readable(key))
	}
	for _, one := range s.MatchExpressions {
		problems = append(problems, readable(one.Key), one.check())
	}
	return errors.Join(problems...)
}

func readable(key string) error {
	for _, beginning := range unread {
		if strings.HasPrefix(sourceless(key), beginning) {
			return fmt.Errorf("label %s is not judged by the lab", key)
		}
	}
	return nil
}

// check is as strict as the requirements that Cilium makes of expressions (pkg/policy/types, NewLabelSelector).
func (e *expression) check() error {
	switch e.Operator {
	case "In", "NotIn":
		if len(e.Values) == 0 {
			return fmt.Errorf("%s of %s needs values", e.Operator, e.Key)
		}
	case "Exists", "DoesNotExist":
		if len(e.Values) > 0 {
			return fmt.Errorf("%s of %s takes no values", e.Operator, e.Key)
		}
	default:
		return fmt.Errorf("%q is no operator", e.Operator)
	}
	return nil
}

func (s *portRule) check() error {
	if len(s.Ports) == 0 {
		return errors.New("a set of ports without ports is not judged by the lab")
	}
	for _, port := range s.Ports {
		if number, err := strconv.Atoi(port.Port); err != nil || number < 1 || number > 65535 {
			return fmt.Errorf("port %q: the lab judges numbers from 1 to 65535", port.Port)
		}
		if port.Protocol != "TCP" && port.Protocol != "UDP" {
			return fmt.Errorf("protocol %q: the lab judges TCP and UDP", port.Protocol)
		}
	}
	return nil
}
