package podfiles

import (
	"fmt"
	"os"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// resolver is what /etc/resolv.conf says.
type resolver struct {
	servers, searches, options []string
}

// machineResolver is where the machine's own resolver is set.
var machineResolver = "/etc/resolv.conf"

// resolvConf is the pod's /etc/resolv.conf by dnsPolicy and dnsConfig
// (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/; pkg/kubelet/network/dns).
func resolvConf(p Pod) (string, error) {
	machine, err := readResolver(machineResolver)
	if err != nil {
		return "", err
	}
	var own resolver
	switch {
	case UsesClusterDNS(p.Pod):
		own = resolver{
			servers: p.Servers, options: []string{"ndots:5"},
			searches: slices.Concat([]string{p.Pod.Namespace + ".svc." + p.Domain, "svc." + p.Domain, p.Domain}, machine.searches),
		}
	case p.Pod.Spec.DNSPolicy != corev1.DNSNone:
		own = machine
	}
	if config := p.Pod.Spec.DNSConfig; config != nil {
		own.servers = unique(slices.Concat(own.servers, config.Nameservers))
		own.searches = unique(slices.Concat(own.searches, config.Searches))
		for _, option := range config.Options {
			own.set(option)
		}
	}
	var text strings.Builder
	if len(own.searches) > 0 {
		fmt.Fprintln(&text, "search", strings.Join(own.searches, " "))
	}
	for _, server := range own.servers {
		fmt.Fprintln(&text, "nameserver", server)
	}
	if len(own.options) > 0 {
		fmt.Fprintln(&text, "options", strings.Join(own.options, " "))
	}
	return text.String(), nil
}

// UsesClusterDNS tells whether the pod's dnsPolicy lets it ask the cluster.
func UsesClusterDNS(pod *corev1.Pod) bool {
	switch pod.Spec.DNSPolicy {
	case corev1.DNSDefault, corev1.DNSNone:
		return false
	case corev1.DNSClusterFirstWithHostNet:
		return true
	}
	return !pod.Spec.HostNetwork
}

// set adds an option in the place of one of its name.
func (r *resolver) set(option corev1.PodDNSConfigOption) {
	text := option.Name
	if option.Value != nil {
		text += ":" + *option.Value
	}
	r.options = slices.DeleteFunc(slices.Clone(r.options), func(old string) bool {
		name, _, _ := strings.Cut(old, ":")
		return name == option.Name
	})
	r.options = append(r.options, text)
}

func unique(list []string) (kept []string) {
	for _, one := range list {
		if !slices.Contains(kept, one) {
			kept = append(kept, one)
		}
	}
	return kept
}

func readResolver(path string) (read resolver, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return read, err
	}
	for line := range strings.Lines(string(content)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "nameserver":
			read.servers = append(read.servers, words[1])
		case "search":
			read.searches = words[1:]
		case "options":
			read.options = words[1:]
		}
	}
	return read, nil
}
