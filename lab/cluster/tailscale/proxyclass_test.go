package tailscale

import (
	"context"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"homelab/lab/machines/tailscale/control/controltest"
)

// overHosts is what a class asks for to have one pod on each host.
var overHosts = map[string]any{"statefulSet": map[string]any{"pod": map[string]any{"topologySpreadConstraints": []any{map[string]any{
	"maxSkew": int64(1), "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule",
	"labelSelector": map[string]any{"matchLabels": map[string]any{labelParent: "home"}},
}}}}}

func (w *world) putClass(spec map[string]any) {
	w.t.Helper()
	_, err := w.dynamic.Resource(proxyClasses).Create(context.Background(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": group + "/v1alpha1", "kind": "ProxyClass", "metadata": map[string]any{"name": "spread"}, "spec": spec,
	}}, metav1.CreateOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
}

func hostnames(devices []controltest.Device) []string {
	var names []string
	for _, device := range devices {
		names = append(names, device.Hostname)
	}
	slices.Sort(names)
	return names
}

func TestAConnectorsReplicasAreDevicesOfTheirOwnSpreadAsItsClassSays(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.put(routed)
	if err := w.pass(ctx); err != nil {
		t.Fatal(err)
	}
	w.runProxy("ts-home-x7k2p-0")
	first := w.tailnet.Devices()[0].NodeID
	replicated := routed
	replicated.Hostname, replicated.HostnamePrefix = "", "home-connector"
	replicated.Replicas, replicated.ProxyClass = new(int32(2)), "spread"
	w.putClass(overHosts)
	w.put(replicated)
	if err := w.pass(ctx); err != nil {
		t.Fatal(err)
	}
	w.runProxy("ts-home-x7k2p-1")
	w.await("the second device", func() bool {
		return slices.Equal(hostnames(w.tailnet.Devices()), []string{"home-connector-0", "home-connector-1"})
	})
	if w.tailnet.Devices()[0].NodeID != first {
		t.Errorf("the first device is another one: %+v", w.tailnet.Devices())
	}
	for _, device := range w.tailnet.Devices() {
		if !slices.Equal(device.Routes, []string{"192.168.1.0/24"}) || !device.ExitNode {
			t.Errorf("device: %+v", device)
		}
	}
	set, err := w.client.AppsV1().StatefulSets(namespace).Get(ctx, "ts-home-x7k2p", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	spread := set.Spec.Template.Spec.TopologySpreadConstraints
	if *set.Spec.Replicas != 2 || len(spread) != 1 || spread[0].TopologyKey != "topology.kubernetes.io/zone" {
		t.Errorf("StatefulSet: %+v", set.Spec)
	}
	if err := w.pass(ctx); err != nil || len(w.get().Status.Devices) != 2 {
		t.Errorf("status: %+v, %v", w.get().Status, err)
	}
	w.put(routed)
	if err := w.pass(ctx); err != nil {
		t.Fatal(err)
	}
	if names := hostnames(w.tailnet.Devices()); !slices.Equal(names, []string{"home-connector-0"}) || len(w.secrets()) != 1 {
		t.Errorf("left of one replica: %v, %d secrets", names, len(w.secrets()))
	}
}

func TestNothingIsMadeWhileTheClassIsNotReadyAndTheConnectorCallsItselfReady(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.putClass(map[string]any{"metrics": map[string]any{"enable": true}})
	classed := routed
	classed.ProxyClass = "spread"
	w.put(classed)
	if err := w.pass(ctx); err != nil {
		t.Fatal(err)
	}
	object, err := w.dynamic.Resource(proxyClasses).Get(ctx, "spread", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	class, err := decode[proxyClass](object)
	condition := meta.FindStatusCondition(class.Status.Conditions, proxyClassReady)
	if err != nil || condition == nil || condition.Status != "False" || condition.Reason != reasonNotPlayed {
		t.Errorf("class: %+v, %v", condition, err)
	}
	if ready := w.ready(); ready.Status != "True" || len(w.secrets()) != 0 {
		t.Errorf("Connector: %+v, %d secrets", ready, len(w.secrets()))
	}
}
