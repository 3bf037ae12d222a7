package tailscale

import (
	"context"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
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

func (w *world) putClass(spec map[string]any) { w.t.Helper(); w.putClassOf("spread", spec) }

func (w *world) putClassOf(name string, spec map[string]any) {
	w.t.Helper()
	_, err := w.dynamic.Resource(proxyClasses).Create(context.Background(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": group + "/v1alpha1", "kind": "ProxyClass", "metadata": map[string]any{"name": name}, "spec": spec,
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
	w.putClass(map[string]any{"staticEndpoints": map[string]any{"nodePort": map[string]any{}}})
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

// told is what a class asks for that Prometheus is to see.
func told() map[string]any {
	return map[string]any{
		"metrics": map[string]any{"enable": true, "serviceMonitor": map[string]any{"enable": true}},
		"statefulSet": map[string]any{"pod": map[string]any{"tailscaleContainer": map[string]any{
			"image": "mirror/tailscale:v1", "imagePullPolicy": "IfNotPresent", "resources": map[string]any{"requests": map[string]any{"cpu": "25m", "memory": "64Mi"}},
		}}},
	}
}

func (w *world) conditionOf(name string) metav1.Condition {
	w.t.Helper()
	object, err := w.dynamic.Resource(proxyClasses).Get(context.Background(), name, metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	class, err := decode[proxyClass](object)
	if err != nil {
		w.t.Fatal(err)
	}
	return *meta.FindStatusCondition(class.Status.Conditions, proxyClassReady)
}

func (w *world) knowMonitors() {
	w.t.Helper()
	_, err := w.dynamic.Resource(definitions).Create(context.Background(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": map[string]any{"name": serviceMonitorCRD},
	}}, metav1.CreateOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestAClassThatAsksForMonitorsIsInvalidWhereTheirKindIsMissing(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.putClass(told())
	if err := w.pass(ctx); err != nil {
		t.Fatal(err)
	}
	if said := w.conditionOf("spread"); said.Status != "False" || said.Reason != "ProxyClassInvalid" {
		t.Errorf("class: %+v", said)
	}
}

// classed gives the Connector a class; returns what its pods are then made of.
func (w *world) classed(class map[string]any) *appsv1.StatefulSet {
	w.t.Helper()
	ctx := context.Background()
	w.putClass(class)
	classed := routed
	classed.ProxyClass = "spread"
	w.put(classed)
	if err := w.pass(ctx); err != nil {
		w.t.Fatal(err)
	}
	set, err := w.client.AppsV1().StatefulSets(namespace).Get(ctx, "ts-home-x7k2p", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return set
}

func TestMetricsOpenTheDebugServerUnlessTheClassSaysOtherwise(t *testing.T) {
	ports := func(said any) []string {
		w := newWorld(t)
		w.knowMonitors()
		class := told()
		if said != nil {
			pod := class["statefulSet"].(map[string]any)["pod"].(map[string]any)
			pod["tailscaleContainer"].(map[string]any)["debug"] = said
		}
		set := w.classed(class)
		var names []string
		for _, port := range set.Spec.Template.Spec.Containers[0].Ports {
			names = append(names, port.Name)
		}
		return names
	}
	if names := ports(nil); !slices.Equal(names, []string{"debug", "metrics"}) {
		t.Errorf("without a word: %v", names)
	}
	if names := ports(map[string]any{"enable": false}); !slices.Equal(names, []string{"metrics"}) {
		t.Errorf("switched off: %v", names)
	}
}

func TestAConnectorsPodsAskForWhatTheirClassSaysAndAreMonitored(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.knowMonitors()
	set := w.classed(told())
	container := set.Spec.Template.Spec.Containers[0]
	if container.Resources.Requests.Memory().String() != "64Mi" || container.Image != "mirror/tailscale:v1" ||
		container.ImagePullPolicy != "IfNotPresent" || container.Ports[1].Name != "metrics" {
		t.Errorf("container: %+v", container)
	}
	service, err := w.client.CoreV1().Services(namespace).Get(ctx, "ts-home-x7k2p-metrics", metav1.GetOptions{})
	if err != nil || service.Spec.Selector[labelParent] != "home" {
		t.Errorf("metrics: %+v, %v", service, err)
	}
	if _, err := w.dynamic.Resource(serviceMonitors).Namespace(namespace).Get(ctx, service.Name, metav1.GetOptions{}); err != nil {
		t.Error(err)
	}
	w.put(routed)
	if err := w.pass(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.CoreV1().Services(namespace).Get(ctx, service.Name, metav1.GetOptions{}); err == nil {
		t.Error("the Service with metrics is left")
	}
}
