package cilium

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestSettingsOfTheChartAreRead(t *testing.T) {
	config := map[string]string{
		"ipam": "cluster-pool", "cluster-pool-ipv4-cidr": "10.42.0.0/16 10.44.0.0/16",
		"cluster-pool-ipv4-mask-size": "24", "enable-bgp-control-plane": "true",
	}
	s, err := parseSettings(config)
	if err != nil || !s.bgp || len(s.pools) != 2 || !s.loadBalancerIPAM {
		t.Fatalf("got %+v, %v", s, err)
	}
	for key, value := range map[string]string{
		"ipam": "eni", "cluster-pool-ipv4-cidr": "10.42.0.0", "cluster-pool-ipv4-mask-size": "8", "enable-lb-ipam": "perhaps",
	} {
		broken := map[string]string{}
		for k, v := range config {
			broken[k] = v
		}
		broken[key] = value
		if _, err := parseSettings(broken); err == nil || !strings.Contains(err.Error(), "cluster-pool") && !strings.Contains(err.Error(), key) {
			t.Errorf("%s=%s: got %v", key, value, err)
		}
	}
}

func TestPodCIDRsAreDistinctAndRunOut(t *testing.T) {
	pools := []netip.Prefix{netip.MustParsePrefix("10.42.0.0/23")}
	used := []netip.Prefix{netip.MustParsePrefix("10.42.0.0/24")}
	next, ok := nextPodCIDR(pools, 24, used)
	if !ok || next.String() != "10.42.1.0/24" {
		t.Fatalf("got %s, %v", next, ok)
	}
	if next, ok := nextPodCIDR(pools, 24, append(used, next)); ok {
		t.Fatalf("a full pool gave %s", next)
	}
}

func TestClusterConfigsBecomeNodeConfigs(t *testing.T) {
	node := func(name, role string) ciliumNode {
		return ciliumNode{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"role": role}}}
	}
	cluster := bgpClusterConfig{ObjectMeta: metav1.ObjectMeta{Name: "b"}}
	cluster.Spec.NodeSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"role": "edge"}}
	cluster.Spec.BGPInstances = []bgpInstance{{Name: "main", LocalASN: 64512, Peers: []bgpPeer{
		{Name: "router", PeerAddress: "10.0.0.1", PeerConfigRef: &nameRef{"absent"}},
	}}}
	second := cluster
	second.Name = "c"
	override := bgpNodeOverride{ObjectMeta: metav1.ObjectMeta{Name: "stone"}}
	override.Spec.BGPInstances = []bgpInstance{{Name: "main", RouterID: "1.1.1.1"}}
	plan, err := planBGP(bgpInput{
		clusters: []bgpClusterConfig{second, cluster}, nodes: []ciliumNode{node("stone", "edge"), node("tank", "inner")},
		overrides: []bgpNodeOverride{override},
	})
	if err != nil || len(plan.configs) != 1 {
		t.Fatalf("got %+v, %v", plan, err)
	}
	if got := plan.configs["stone"]; got.OwnerReferences[0].Name != "b" || got.Spec.BGPInstances[0].RouterID != "1.1.1.1" {
		t.Fatalf("got %+v", got)
	}
	status := func(cluster, kind string) metav1.ConditionStatus {
		i := slices.IndexFunc(plan.conditions[cluster], func(c metav1.Condition) bool { return c.Type == kind })
		return plan.conditions[cluster][i].Status
	}
	if status("b", "cilium.io/MissingPeerConfigs") != metav1.ConditionTrue || status("b", "cilium.io/ConflictingClusterConfig") != metav1.ConditionFalse {
		t.Fatalf("got %+v", plan.conditions["b"])
	}
	if status("c", "cilium.io/ConflictingClusterConfig") != metav1.ConditionTrue {
		t.Fatalf("got %+v", plan.conditions["c"])
	}
}

func TestServicesGetAddressesFromTheirPool(t *testing.T) {
	pool := func(cidr string, labels map[string]string) usablePool {
		p := usablePool{loadBalancerPool: loadBalancerPool{}}
		p.Spec.Blocks = []poolBlock{{CIDR: cidr}}
		var err error
		if p.addresses, err = p.ranges(); err != nil {
			t.Fatal(err)
		}
		if p.selector, err = metav1.LabelSelectorAsSelector(&metav1.LabelSelector{MatchLabels: labels}); err != nil {
			t.Fatal(err)
		}
		return p
	}
	pools := []usablePool{pool("10.96.0.0/31", map[string]string{"tier": "public"})}
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"tier": "public"}}}
	used := map[netip.Addr]bool{}
	for _, want := range []string{"10.96.0.0", "10.96.0.1"} {
		got := allocate(service, pools, used)
		if !got.satisfied || got.addresses[0].String() != want {
			t.Fatalf("got %+v, want %s", got, want)
		}
		used[got.addresses[0]] = true
	}
	if got := allocate(service, pools, used); got.reason != "out_of_ips" {
		t.Fatalf("got %+v", got)
	}
	service.Labels["tier"] = "private"
	if got := allocate(service, pools, nil); got.reason != "no_pool" {
		t.Fatalf("got %+v", got)
	}
	service.Labels["tier"] = "public"
	service.Annotations = map[string]string{ipsAnnotation: "10.96.0.1,10.9.9.9"}
	if got := allocate(service, pools, map[netip.Addr]bool{}); got.satisfied || len(got.addresses) != 1 {
		t.Fatalf("got %+v", got)
	}
}

func TestPoolBlocks(t *testing.T) {
	ends, err := poolBlock{CIDR: "10.96.0.0/24"}.addresses(false)
	if err != nil || ends.first.String() != "10.96.0.1" || ends.last.String() != "10.96.0.254" {
		t.Fatalf("got %+v, %v", ends, err)
	}
	for _, block := range []poolBlock{{CIDR: "fd00::/64"}, {Start: "10.0.0.2", Stop: "10.0.0.1"}, {}} {
		if got, err := block.addresses(true); err == nil {
			t.Errorf("%+v gave %+v", block, got)
		}
	}
}

func TestAdvertisementsBecomeRoutes(t *testing.T) {
	everything := &metav1.LabelSelector{}
	advert := bgpAdvertisement{ObjectMeta: metav1.ObjectMeta{Name: "all", Labels: map[string]string{"advertise": "bgp"}}}
	advert.Spec.Advertisements = []advertisement{{AdvertisementType: "PodCIDR"}, {AdvertisementType: "Service", Selector: everything}, {AdvertisementType: "CiliumPodIPPool"}}
	advert.Spec.Advertisements[1].Service = &struct {
		Addresses             []string `json:"addresses"`
		AggregationLengthIPv4 *int     `json:"aggregationLengthIPv4,omitempty"`
	}{Addresses: []string{"ClusterIP", "LoadBalancerIP"}}
	service := func(name, cluster, balancer string) *corev1.Service {
		return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "d"},
			Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, ClusterIPs: []string{cluster}},
			Status: corev1.ServiceStatus{LoadBalancer: corev1.LoadBalancerStatus{
				Ingress: []corev1.LoadBalancerIngress{{IP: balancer}},
			}},
		}
	}
	local := service("local", "10.43.0.8", "10.96.0.8")
	local.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	in := advertInput{
		node: "stone", podCIDRs: []netip.Prefix{netip.MustParsePrefix("10.42.1.0/24")},
		services:   []*corev1.Service{service("web", "10.43.0.7", "10.96.0.7"), local, service("headless", "None", "")},
		advertises: []bgpAdvertisement{advert},
	}
	families := []bgpFamily{{AFI: "ipv4", SAFI: "unicast", Advertisements: &metav1.LabelSelector{MatchLabels: map[string]string{"advertise": "bgp"}}}}
	announced, refused := routes(in, families)
	for _, want := range []string{"10.42.1.0/24", "10.43.0.7/32", "10.43.0.8/32", "10.96.0.7/32"} {
		if _, ok := announced[netip.MustParsePrefix(want)]; !ok {
			t.Errorf("%s is not announced: %v", want, announced)
		}
	}
	if len(announced) != 4 || len(refused) != 1 || !strings.Contains(refused[0].Error(), "CiliumPodIPPool") {
		t.Fatalf("got %v, %v", announced, refused)
	}
	node := "stone"
	in.endpoints = []*discoveryv1.EndpointSlice{{
		ObjectMeta: metav1.ObjectMeta{Namespace: "d", Labels: map[string]string{discoveryv1.LabelServiceName: "local"}},
		Endpoints:  []discoveryv1.Endpoint{{NodeName: &node}},
	}}
	if announced, _ = routes(in, families); len(announced) != 5 {
		t.Fatalf("a local endpoint did not announce its service: %v", announced)
	}
}

func TestSchemasBecomeStructural(t *testing.T) {
	for _, kind := range kinds {
		object, err := kind.object()
		if err != nil {
			t.Errorf("%s: %v", kind.kind, err)
			continue
		}
		if object.GetName() != kind.plural+".cilium.io" {
			t.Errorf("%s is called %s", kind.kind, object.GetName())
		}
	}
	got := structural(map[string]any{"properties": map[string]any{"a": map[string]any{}}, "additionalProperties": false}).(map[string]any)
	if _, closed := got["additionalProperties"]; closed {
		t.Error("a closed object stayed closed beside its properties")
	}
}
