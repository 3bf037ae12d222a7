package tailscale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"homelab/lab/machines/tailscale/control/controltest"
)

var routed = connectorSpec{
	Hostname: "home-connector-0", Tags: []string{"tag:home-connector"}, ExitNode: true,
	SubnetRouter: &routes{AdvertiseRoutes: []string{"192.168.1.0/24"}},
}

func TestAConnectorBecomesADeviceWithItsRoutesAndLeavesNothing(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.put(routed)
	if err := w.pass(ctx); err != nil {
		t.Fatal(err)
	}
	if ready := w.ready(); ready.Status != "True" || ready.Reason != "ConnectorCreated" || len(w.get().Status.Devices) != 0 {
		t.Fatalf("before the proxy runs: %+v", w.get().Status)
	}
	running := w.runProxy("ts-home-x7k2p-0")
	if err := w.pass(ctx); err != nil {
		t.Fatal(err)
	}
	status := w.get().Status
	device := w.tailnet.Devices()[0]
	if !device.ExitNode || !slices.Equal(device.Routes, []string{"192.168.1.0/24"}) || !slices.Equal(device.Tags, []string{"tag:home-connector"}) {
		t.Errorf("device: %+v", device)
	}
	if status.Devices[0].Hostname != "home-connector-0.example.ts.net" || status.TailnetIPs[0] != device.Addresses[0] ||
		status.Devices[0].TailnetIPs[0] != device.Addresses[0] ||
		status.SubnetRoutes != "192.168.1.0/24" || !status.IsExitNode {
		t.Errorf("status: %+v", status)
	}
	if text := string(w.secrets()[0].Data[keyConfig]); strings.Contains(text, "AuthKey") {
		t.Errorf("the used key is still in the Secret")
	}
	changed := routed
	changed.SubnetRouter = &routes{AdvertiseRoutes: []string{"192.168.1.0/24", "10.96.0.0/16"}}
	w.put(changed)
	if err := w.pass(ctx); err != nil {
		t.Fatal(err)
	}
	w.await("the added route", func() bool { return slices.Contains(w.tailnet.Devices()[0].Routes, "10.96.0.0/16") })
	if err := running.stop(); err != nil {
		t.Fatal(err)
	}
	w.deleteConnector()
	if len(w.tailnet.Devices()) != 0 || len(w.secrets()) != 0 || len(w.get().Finalizers) != 0 {
		t.Errorf("left: devices %v, secrets %d, finalizers %v", w.tailnet.Devices(), len(w.secrets()), w.get().Finalizers)
	}
}

func TestARestartedProxyIsTheSameDevice(t *testing.T) {
	w := newWorld(t)
	w.put(routed)
	if err := w.pass(context.Background()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.runProxy("ts-home-x7k2p-0").stop(); err != nil {
			t.Fatal(err)
		}
	}
	if devices := w.tailnet.Devices(); len(devices) != 1 {
		t.Errorf("devices: %+v", devices)
	}
}

func TestAProxyWhoseDeviceWasRemovedCrashes(t *testing.T) {
	w := newWorld(t)
	w.put(routed)
	if err := w.pass(context.Background()); err != nil {
		t.Fatal(err)
	}
	running := w.runProxy("ts-home-x7k2p-0")
	w.tailnet.Remove(w.tailnet.Devices()[0].NodeID)
	changed := routed
	changed.ExitNode = false
	w.put(changed) // makes the proxy report at once
	if err := w.pass(context.Background()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-running.ended:
		if err == nil || !strings.Contains(err.Error(), "does not know the device any more") {
			t.Errorf("the proxy ended with %v", err)
		}
	case <-time.After(15 * time.Second):
		t.Error("the proxy goes on")
	}
}

func TestAConnectorSaysWhyItIsNotReady(t *testing.T) {
	for _, one := range []struct {
		name, reason, message string
		spec                  connectorSpec
		harm                  func(*controltest.Tailnet)
	}{
		{"a tag that the policy lacks", "ConnectorCreationFailed", "requested tags [tag:home-connector] are invalid or not permitted (400)", routed,
			func(n *controltest.Tailnet) { n.Forbid("tag:home-connector") }},
		{"an API that is down", "ConnectorCreationFailed", "503", routed, func(n *controltest.Tailnet) { n.SetDown(true) }},
		{"a route with host bits", "ConnectorInvalid", "192.168.1.7/24 has non-address bits set; expected 192.168.1.0/24",
			connectorSpec{SubnetRouter: &routes{AdvertiseRoutes: []string{"192.168.1.7/24"}}}, func(*controltest.Tailnet) {}},
		{"a proxy class that is not there", "ConnectorCreationFailed", "error getting ProxyClass x", connectorSpec{ExitNode: true, ProxyClass: "x"},
			func(*controltest.Tailnet) {}},
		{"a name for two", "ConnectorInvalid", "Instead, use a hostnamePrefix", connectorSpec{ExitNode: true, Hostname: "x", Replicas: new(int32(2))},
			func(*controltest.Tailnet) {}},
	} {
		t.Run(one.name, func(t *testing.T) {
			w := newWorld(t)
			one.harm(w.tailnet)
			w.put(one.spec)
			err := w.pass(context.Background())
			ready := w.ready()
			if ready.Status != "False" || ready.Reason != one.reason || !strings.Contains(ready.Message, one.message) {
				t.Errorf("condition: %+v", ready)
			}
			if (err != nil) != (one.reason == "ConnectorCreationFailed") {
				t.Errorf("tried again: %v", err)
			}
			if strings.Contains(ready.Message, "client-secret") {
				t.Errorf("a secret is in the message: %s", ready.Message)
			}
		})
	}
}

func TestTheConnectorStaysUntilTheAPIHasRemovedItsDevice(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.put(routed)
	if err := w.pass(ctx); err != nil {
		t.Fatal(err)
	}
	if err := w.runProxy("ts-home-x7k2p-0").stop(); err != nil {
		t.Fatal(err)
	}
	w.tailnet.SetDown(true)
	object, err := w.dynamic.Resource(connectors).Get(ctx, "home", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	now := metav1.Now()
	object.SetDeletionTimestamp(&now)
	if _, err := w.dynamic.Resource(connectors).Update(ctx, object, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	// The first pass only deletes the StatefulSet.
	if err := w.pass(ctx); err != nil {
		t.Fatal(err)
	}
	if err = w.pass(ctx); err == nil {
		t.Fatal("the operator let the Connector go")
	}
	if !strings.Contains(err.Error(), "deleting device: ") || !slices.Contains(w.get().Finalizers, finalizer) {
		t.Errorf("pass: %v, finalizers %v", err, w.get().Finalizers)
	}
	w.tailnet.SetDown(false)
	if err := w.pass(ctx); err != nil || len(w.tailnet.Devices()) != 0 {
		t.Errorf("pass: %v, devices %v", err, w.tailnet.Devices())
	}
}

func TestTellsThatAnotherKindIsNotPlayed(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	group, err := encode(map[string]any{
		"apiVersion": "tailscale.com/v1alpha1", "kind": "ProxyGroup", "metadata": map[string]any{"name": "ingress"}, "spec": map[string]any{"type": "ingress"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.dynamic.Resource(kind("proxygroups")).Create(ctx, group, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := w.pass(ctx); err != nil {
		t.Fatal(err)
	}
	object, err := w.dynamic.Resource(kind("proxygroups")).Get(ctx, "ingress", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	told, err := decode[connector](object)
	condition := meta.FindStatusCondition(told.Status.Conditions, "ProxyGroupReady")
	if err != nil || condition == nil || condition.Status != "False" || condition.Reason != reasonNotPlayed {
		t.Errorf("condition: %+v, %v", condition, err)
	}
}

func TestAConnectorPassesConnectionsIntoItsRoutesAloneAndOfADeviceWhatThePolicyLetsThrough(t *testing.T) {
	tailnet := controltest.New(t)
	d, address := member(t, tailnet, "home")
	d.set("home", []string{"127.0.8.0/24"})
	if err := d.forward(t.Context(), netip.MustParseAddr("127.0.9.1")); err != nil {
		t.Fatal(err)
	}
	listen(t, "127.0.8.1:18095", func(taken net.Conn) { _, _ = taken.Write([]byte("there")) })
	const target = "127.0.8.1:18095"
	tailnet.Let("laptop", target)
	for _, device := range []string{"", "laptop"} {
		if answer := connectThrough(t, device, target); !strings.HasSuffix(answer, "there") {
			t.Errorf("%q got %q", device, answer)
		}
	}
	if answer := connectThrough(t, "phone", target); answer != "" {
		t.Errorf("without a rule it got %q", answer)
	}
	if answer := connectThrough(t, "laptop", "127.0.10.1:18095"); !strings.Contains(answer, "403") {
		t.Errorf("got %q", answer)
	}
	// To a device's own address, which leads somewhere or nowhere.
	own := address.String() + ":18095"
	tailnet.Let("laptop", own)
	if answer := connectThrough(t, "laptop", own); !strings.Contains(answer, "403") {
		t.Errorf("got %q", answer)
	}
	d.leadsTo = netip.MustParseAddr("127.0.8.1")
	if answer := connectThrough(t, "laptop", own); !strings.HasSuffix(answer, "there") {
		t.Errorf("got %q", answer)
	}
	if answer := connectThrough(t, "phone", own); answer != "" {
		t.Errorf("without a rule it got %q", answer)
	}
}

// connectThrough asks the Connector for a connection of a device, and gives all that comes back within a second.
func connectThrough(t *testing.T, device, target string) string {
	t.Helper()
	connection, err := net.Dial("tcp4", fmt.Sprintf("127.0.9.1:%d", ForwardPort))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(connection, "CONNECT %[1]s HTTP/1.1\r\nHost: %[1]s\r\n%s: %s\r\nConnection: close\r\n\r\n", target, DeviceHeader, device); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(connection)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	return string(answer)
}
