package cilium

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"homelab/lab/cluster/serviceproxy"
)

// settings are the keys of the ConfigMap cilium-config that the programs honour.
type settings struct {
	cluster          string
	bgp              bool
	bgpStatus        bool
	bgpSecrets       string
	legacyOrigin     bool
	loadBalancerIPAM bool
	serviceProxy     bool
	masquerade       bool
	native           []netip.Prefix
	localRedirect    bool
	access           serviceproxy.Access
	l2               bool
	l2Lease          time.Duration
	l2Renew          time.Duration
	l2Retry          time.Duration
	devices          []string
	pools            []netip.Prefix
	maskSize         int
	agentTaint       string
	removeTaints     bool
	setNetworkStatus bool
	skipCRDs         bool
	leaseDuration    time.Duration
	renewDeadline    time.Duration
	retryPeriod      time.Duration
}

// parseSettings reads cilium-config; an error names the key and what it may be.
func parseSettings(config map[string]string) (settings, error) {
	s := settings{
		bgpSecrets: config["bgp-secrets-namespace"], cluster: cmp.Or(config["cluster-name"], "default"), agentTaint: config["agent-not-ready-taint-key"],
		devices: strings.FieldsFunc(config["devices"], func(r rune) bool { return r == ' ' || r == ',' }),
	}
	if mode := config["ipam"]; mode != "cluster-pool" {
		return s, fmt.Errorf("cilium-config: ipam=%q: the lab's Cilium only has cluster-pool", mode)
	}
	for key, target := range map[string]struct {
		value    *bool
		standard bool
	}{
		"enable-bgp-control-plane":               {&s.bgp, false},
		"enable-bgp-control-plane-status-report": {&s.bgpStatus, true},
		"enable-bgp-legacy-origin-attribute":     {&s.legacyOrigin, false},
		"enable-lb-ipam":                         {&s.loadBalancerIPAM, true},
		"remove-cilium-node-taints":              {&s.removeTaints, true},
		"set-cilium-is-up-condition":             {&s.setNetworkStatus, true},
		"skip-crd-creation":                      {&s.skipCRDs, false},
		"kube-proxy-replacement":                 {&s.serviceProxy, false},
		"enable-ipv4-masquerade":                 {&s.masquerade, true},
		"enable-local-redirect-policy":           {&s.localRedirect, false},
		"enable-l2-announcements":                {&s.l2, false},
		"bpf-lb-external-clusterip":              {&s.access.External, false},
		"bpf-lb-sock-hostns-only":                {&s.access.Forwarded, false},
	} {
		*target.value = target.standard
		if text := config[key]; text != "" {
			value, err := strconv.ParseBool(text)
			if err != nil {
				return s, fmt.Errorf("cilium-config: %s=%q: must be true or false", key, text)
			}
			*target.value = value
		}
	}
	if text := config["ipv4-native-routing-cidr"]; text != "" {
		native, err := netip.ParsePrefix(text)
		if err != nil || !native.Addr().Is4() {
			return s, fmt.Errorf("cilium-config: ipv4-native-routing-cidr: %q is not an IPv4 range such as 10.0.0.0/8", text)
		}
		s.native = append(s.native, native.Masked())
	}
	for _, text := range strings.FieldsFunc(config["cluster-pool-ipv4-cidr"], func(r rune) bool { return r == ' ' || r == ',' }) {
		pool, err := netip.ParsePrefix(text)
		if err != nil || !pool.Addr().Is4() {
			return s, fmt.Errorf("cilium-config: cluster-pool-ipv4-cidr: %q is not an IPv4 range such as 10.0.0.0/8", text)
		}
		s.pools = append(s.pools, pool.Masked())
	}
	if len(s.native) == 0 {
		// Through a tunnel all pods' addresses are known.
		s.native = s.pools
	}
	mask, err := strconv.Atoi(config["cluster-pool-ipv4-mask-size"])
	if err != nil || mask < 1 || mask > 30 {
		return s, fmt.Errorf("cilium-config: cluster-pool-ipv4-mask-size=%q: must be from 1 to 30", config["cluster-pool-ipv4-mask-size"])
	}
	s.maskSize = mask
	for _, pool := range s.pools {
		if pool.Bits() > mask {
			return s, fmt.Errorf("cilium-config: cluster-pool-ipv4-cidr %s is smaller than a node's /%d", pool, mask)
		}
	}
	return s, s.parseElection(config)
}

// parseElection reads the times of leader elections: the operators', and those of L2 announcements (defaults of Cilium).
func (s *settings) parseElection(config map[string]string) error {
	for key, target := range map[string]struct {
		value    *time.Duration
		standard time.Duration
	}{
		"leader-election-lease-duration":  {&s.leaseDuration, 15 * time.Second},
		"leader-election-renew-deadline":  {&s.renewDeadline, 10 * time.Second},
		"leader-election-retry-period":    {&s.retryPeriod, 2 * time.Second},
		"l2-announcements-lease-duration": {&s.l2Lease, 15 * time.Second},
		"l2-announcements-renew-deadline": {&s.l2Renew, 5 * time.Second},
		"l2-announcements-retry-period":   {&s.l2Retry, 2 * time.Second},
	} {
		*target.value = target.standard
		if text := config[key]; text != "" {
			value, err := time.ParseDuration(text)
			if err != nil {
				return fmt.Errorf("cilium-config: %s=%q: must be a duration such as 15s", key, text)
			}
			*target.value = value
		}
	}
	return nil
}
