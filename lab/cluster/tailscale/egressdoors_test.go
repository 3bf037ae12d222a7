package tailscale

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"homelab/lab/machines/tailscale/control"
	"homelab/lab/machines/tailscale/control/controltest"
)

// member is a device of the tailnet with the first of its addresses.
func member(t *testing.T, tailnet *controltest.Tailnet, hostname string) (*device, netip.Addr) {
	t.Helper()
	client := &control.Client{URL: tailnet.URL}
	joined, err := client.Register(t.Context(), control.RegisterRequest{AuthKey: tailnet.Key("tag:c"), NodeKey: control.NewNodeKey(), Hostname: hostname})
	if err != nil {
		t.Fatal(err)
	}
	d := &device{control: client, log: silent, again: make(chan struct{}, 1), addresses: joined.Addresses, id: joined.DeviceID}
	d.report.NodeKey = joined.NodeKey
	return d, netip.MustParseAddr(joined.Addresses[0])
}

// listen answers each connection at an address until the test ends; the test sees what is missing.
func listen(t *testing.T, address string, answer func(net.Conn)) {
	t.Helper()
	origin, err := net.Listen("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = origin.Close() })
	go func() {
		for {
			taken, err := origin.Accept()
			if err != nil {
				return
			}
			answer(taken)
			_ = taken.Close()
		}
	}()
}

func TestAPodComesThroughAnEgressProxyToWhatAServicesDeviceLeadsToIfThePolicyLetsIt(t *testing.T) {
	tailnet := controltest.New(t)
	gateway, address := member(t, tailnet, "cabin-gateway")
	gateway.leadsTo = netip.MustParseAddr("127.0.8.2")
	go gateway.relayed(t.Context(), netip.MustParseAddr("127.0.9.2"))
	listen(t, "127.0.8.2:18096", func(taken net.Conn) { _, _ = io.Copy(taken, taken) })
	proxy, _ := member(t, tailnet, "home-egress-0")
	pod := netip.MustParseAddr("127.0.9.3")
	services := func(ports ...egressPort) map[string]*egressDone {
		return map[string]*egressDone{"tailscale-cabin": {Ports: ports, TailnetTargetIPs: []netip.Addr{address}}}
	}
	open := doors{}
	t.Cleanup(open.close)
	https := egressPort{Protocol: "TCP", MatchPort: 10443, TargetPort: 18096}
	other := egressPort{Protocol: "TCP", MatchPort: 10444, TargetPort: 18097}
	if err := open.set(t.Context(), proxy, pod, services(https, other)); err != nil {
		t.Fatal(err)
	}
	ask := func(port string) string {
		connection, err := net.Dial("tcp4", pod.String()+":"+port)
		if err != nil {
			return err.Error()
		}
		defer connection.Close()
		_, _ = io.WriteString(connection, "hello")
		_ = connection.SetReadDeadline(time.Now().Add(2 * time.Second))
		answer := make([]byte, 5)
		n, err := io.ReadFull(connection, answer)
		if n == 0 && err != nil {
			return err.Error()
		}
		return string(answer[:n])
	}
	silence := "i/o timeout"
	if got := ask("10443"); !strings.HasSuffix(got, silence) {
		t.Errorf("without a rule it got %q", got)
	}
	tailnet.Let(proxy.id, netip.AddrPortFrom(address, 18096).String())
	tailnet.Let(proxy.id, netip.AddrPortFrom(address, 18097).String())
	for range 3 {
		if got := ask("10443"); got != "hello" {
			t.Errorf("got %q", got)
		}
	}
	if got := ask("10444"); got != "EOF" {
		t.Errorf("where nobody listens it got %q", got)
	}
	if err := open.set(t.Context(), proxy, pod, services(other)); err != nil {
		t.Fatal(err)
	}
	if got := ask("10443"); !strings.HasSuffix(got, "connection refused") {
		t.Errorf("a door that is shut: %q", got)
	}
}
