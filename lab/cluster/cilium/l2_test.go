package cilium

import (
	"context"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func balanced(name, address string) *corev1.Service {
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "web", Name: name}}
	if address != "" {
		service.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: address}}
	}
	return service
}

func policy(change func(*l2Policy)) []l2Policy {
	one := l2Policy{ObjectMeta: metav1.ObjectMeta{Name: "lan"}}
	one.Spec.LoadBalancerIPs = true
	change(&one)
	return []l2Policy{one}
}

func TestANodeAnnouncesWhatItsPoliciesSelect(t *testing.T) {
	bgpClass := bgpLoadBalancerClass
	other := balanced("other", "192.168.2.201")
	other.Spec.LoadBalancerClass = &bgpClass
	services := []*corev1.Service{balanced("one", "192.168.2.200"), balanced("none", ""), other}
	linux := map[string]string{"kubernetes.io/os": "linux"}
	for name, one := range map[string]struct {
		change func(*l2Policy)
		want   map[string]announcement
	}{
		"a load balancer on every link": {func(*l2Policy) {}, map[string]announcement{
			"web/one": {"web", "one", "192.168.2.200", "eth0 eth1"}}},
		"only on links that match": {func(p *l2Policy) { p.Spec.Interfaces = []string{"^eth0$"} }, map[string]announcement{
			"web/one": {"web", "one", "192.168.2.200", "eth0"}}},
		"not on other nodes": {func(p *l2Policy) {
			p.Spec.NodeSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/os": "windows"}}
		}, map[string]announcement{}},
		"no kind of address": {func(p *l2Policy) { p.Spec.LoadBalancerIPs = false }, map[string]announcement{}},
	} {
		found, err := announcements(policy(one.change), services, linux, []string{"eth0", "eth1"})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != len(one.want) {
			t.Errorf("%s: got %v", name, found)
		}
		for key, want := range one.want {
			if found[key] != want {
				t.Errorf("%s: got %v", name, found[key])
			}
		}
	}
}

// TestOneNodeAtATimeAnswersForAnAddress has two nodes take part; the second takes over when the first gives up.
func TestOneNodeAtATimeAnswersForAnAddress(t *testing.T) {
	client := fake.NewClientset()
	held := make(chan string, 8)
	node := func(name string) *announcer {
		return &announcer{
			client: client, namespace: "kube-system", node: name, log: slog.New(slog.DiscardHandler),
			settings: settings{l2Lease: 3 * time.Second, l2Renew: 2 * time.Second, l2Retry: 100 * time.Millisecond},
			hold: func(ctx context.Context, link string, address netip.Addr) error {
				held <- name + " " + address.String() + " on " + link
				<-ctx.Done()
				held <- name + " gave up"
				return nil
			},
			candidates: map[announcement]*candidate{},
		}
	}
	expect := func(want string) {
		t.Helper()
		select {
		case got := <-held:
			if got != want {
				t.Fatalf("%q, not %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%q did not come", want)
		}
	}
	wanted := map[string]announcement{"web/one": {"web", "one", "192.168.2.200", "eth0"}}
	first, second := node("first"), node("second")
	first.apply(t.Context(), wanted)
	expect("first 192.168.2.200 on eth0")
	second.apply(t.Context(), wanted)
	lease, err := client.CoordinationV1().Leases("kube-system").Get(t.Context(), "cilium-l2announce-web-one", metav1.GetOptions{})
	if err != nil || *lease.Spec.HolderIdentity != "first" {
		t.Fatalf("lease %+v, %v", lease, err)
	}
	first.close()
	expect("first gave up")
	expect("second 192.168.2.200 on eth0")
	second.close()
	expect("second gave up")
}
