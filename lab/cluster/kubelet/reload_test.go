package kubelet

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestReloadChangesTheRunningNode(t *testing.T) {
	o := Options{NodeName: "stone", NodeIP: "192.0.2.1", MemoryMiB: 8192, CPUs: 4}
	first, address, err := validate(o)
	if err != nil {
		t.Fatal(err)
	}
	client := fake.NewClientset()
	k := &kubelet{
		options: o, nodeIP: address, client: client, network: newPodNetwork(),
		usedChanged: make(chan struct{}, 1), reloaded: make(chan struct{}, 1), leaseDue: make(chan struct{}, 1), log: slog.New(slog.DiscardHandler),
	}
	k.settings.Store(first)
	k.network.Provide(netip.MustParsePrefix("198.51.100.0/24"))
	registered, err := k.register(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	reload, ended := make(chan Options), make(chan struct{}, 3)
	go func() { k.keepStatus(ctx); ended <- struct{}{} }()
	go func() { k.keepLease(ctx, registered); ended <- struct{}{} }()
	go func() { k.follow(ctx, reload); ended <- struct{}{} }()
	defer func() { cancel(); <-ended; <-ended; <-ended }()
	renewed := func() time.Time {
		lease, err := client.CoordinationV1().Leases("kube-node-lease").Get(t.Context(), "stone", metav1.GetOptions{})
		if err != nil || lease.Spec.RenewTime == nil {
			return time.Time{}
		}
		return lease.Spec.RenewTime.Time
	}
	for end := time.Now().Add(5 * time.Second); renewed().IsZero() && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}

	wrong := o
	wrong.Args = []string{"max-pods=many"}
	reload <- wrong
	// Which says that the one before was looked at.
	reload <- wrong
	last := renewed()
	k.leaseDue <- struct{}{}
	k.usedChanged <- struct{}{}
	time.Sleep(200 * time.Millisecond)
	if !renewed().Equal(last) {
		t.Error("a kubelet that does not start renews its lease")
	}
	o.Args, o.Labels = []string{"max-pods=121", "system-reserved=cpu=1"}, map[string]string{"zone": "a"}
	reload <- o
	// Status and labels are two requests, in either order.
	var node *corev1.Node
	arrived := func() bool {
		if node, err = client.CoreV1().Nodes().Get(t.Context(), "stone", metav1.GetOptions{}); err != nil {
			t.Fatal(err)
		}
		status := node.Status
		return status.Capacity.Pods().Value() == 121 && status.Allocatable.Cpu().Value() == 3 && node.Labels["zone"] == "a" &&
			renewed().After(last)
	}
	for end := time.Now().Add(5 * time.Second); !arrived(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("capacity %v, allocatable %v, labels %v", node.Status.Capacity, node.Status.Allocatable, node.Labels)
		}
	}
}

func TestReloadRefusesAnotherNode(t *testing.T) {
	o := Options{NodeName: "stone", NodeIP: "192.0.2.1", MemoryMiB: 8192, CPUs: 4}
	k := &kubelet{options: o, nodeIP: netip.MustParseAddr(o.NodeIP), log: slog.New(slog.DiscardHandler)}
	o.NodeIP = "192.0.2.2"
	if err := k.apply(o); err == nil || !strings.Contains(err.Error(), "cannot become stone at 192.0.2.2") {
		t.Error(err)
	}
	o.Args = []string{"foo=1"}
	if err := Validate(o); err == nil || err.Error() != "kubelet stone: unknown flag: --foo" {
		t.Error(err)
	}
}
