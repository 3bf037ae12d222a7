// Package policyform reads Cilium's network policies: allow rules by endpoints, entities,
// networks, names and ports. What Cilium refuses, and shapes that the lab does not know, are refused by
// name, so that no policy is taken for valid that nobody read.
package policyform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
)

// Policy is what a CiliumNetworkPolicy or a CiliumClusterwideNetworkPolicy says.
type Policy struct {
	// Namespace is that of a CiliumNetworkPolicy: its rules are for pods there, and mean these unless they say otherwise.
	Namespace string
	Spec      *Spec
	Specs     []Spec
}

// Spec is one part of a policy (https://docs.cilium.io/en/v1.19/security/policy/).
type Spec struct {
	Description      string    `json:"description,omitempty"`
	EndpointSelector *Selector `json:"endpointSelector,omitempty"`
	Ingress          []Rule    `json:"ingress,omitempty"`
	Egress           []Rule    `json:"egress,omitempty"`
}

// Selector selects endpoints by labels; a nil one selects nothing.
type Selector struct {
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
}

// Rule allows what one of its peers does on one of its ports.
type Rule struct {
	FromEndpoints []Selector `json:"fromEndpoints,omitempty"`
	FromEntities  []string   `json:"fromEntities,omitempty"`
	FromCIDRSet   []Network  `json:"fromCIDRSet,omitempty"`
	ToEndpoints   []Selector `json:"toEndpoints,omitempty"`
	ToEntities    []string   `json:"toEntities,omitempty"`
	ToCIDRSet     []Network  `json:"toCIDRSet,omitempty"`
	ToFQDNs       []Name     `json:"toFQDNs,omitempty"`
	ToPorts       []PortRule `json:"toPorts,omitempty"`
}

// Network is a range of addresses without some of its parts.
type Network struct {
	CIDR   string   `json:"cidr"`
	Except []string `json:"except,omitempty"`
}

// Name is a name, or a pattern of names.
type Name struct {
	MatchName    string `json:"matchName,omitempty"`
	MatchPattern string `json:"matchPattern,omitempty"`
}

// PortRule is a set of ports, perhaps with what may be said on them.
type PortRule struct {
	Ports []Port  `json:"ports,omitempty"`
	Rules *Layer7 `json:"rules,omitempty"`
}

// Port is a port of a protocol, or a run of them.
type Port struct {
	Port     string `json:"port"`
	EndPort  int    `json:"endPort,omitempty"`
	Protocol string `json:"protocol,omitempty"`
}

// Layer7 is what may be said on a port.
type Layer7 struct {
	HTTP []HTTP `json:"http,omitempty"`
	DNS  []Name `json:"dns,omitempty"`
}

// HTTP is a request that is let through.
type HTTP struct {
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
}

// entities are those that rules may name here.
var entities = map[string]bool{
	"all": true, "cluster": true, "host": true, "kube-apiserver": true, "remote-node": true, "world": true,
}

// Parse reads a policy as the API has it. What Cilium itself refuses (pkg/policy/api, Rule.Sanitize) and what is not judged
// here are errors.
func Parse(object map[string]any) (*Policy, error) {
	metadata, _ := object["metadata"].(map[string]any)
	namespace, _ := metadata["namespace"].(string)
	policy := &Policy{Namespace: namespace}
	for key, target := range map[string]any{"spec": &policy.Spec, "specs": &policy.Specs} {
		if object[key] == nil {
			continue
		}
		text, err := json.Marshal(object[key])
		if err != nil {
			return nil, err
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(target); err != nil {
			return nil, fmt.Errorf("%s: not judged by the lab: %w", key, err)
		}
	}
	var problems []error
	for _, spec := range policy.specs() {
		problems = append(problems, spec.check())
	}
	return policy, errors.Join(problems...)
}

func (p *Policy) specs() []Spec {
	if p.Spec == nil {
		return p.Specs
	}
	return append([]Spec{*p.Spec}, p.Specs...)
}

func (s *Spec) check() error {
	if s.EndpointSelector == nil {
		return errors.New("rule must have one of EndpointSelector or NodeSelector")
	}
	var problems []error
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

func (r *Rule) check() error {
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
	for _, entity := range append(append([]string{}, r.FromEntities...), r.ToEntities...) {
		if !entities[entity] {
			problems = append(problems, fmt.Errorf("unsupported entity: %s", entity))
		}
	}
	for _, network := range append(append([]Network{}, r.FromCIDRSet...), r.ToCIDRSet...) {
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

func (s *PortRule) check() error {
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
