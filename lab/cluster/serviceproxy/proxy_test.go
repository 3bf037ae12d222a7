package serviceproxy

import (
	"bufio"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type device map[netip.Addr]bool

func (d device) Hold(address netip.Addr) error    { d[address] = true; return nil }
func (d device) Release(address netip.Addr) error { delete(d, address); return nil }

func service(name, ip string, port int32) *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: name},
		Spec: corev1.ServiceSpec{
			ClusterIPs: []string{ip}, Ports: []corev1.ServicePort{{Port: port, Protocol: corev1.ProtocolTCP}},
		},
	}
}

func slice(name string, port int32, ready bool, addresses ...string) *discoveryv1.EndpointSlice {
	empty := ""
	return &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "a", Labels: map[string]string{discoveryv1.LabelServiceName: name}},
		AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: &empty, Port: &port}},
		Endpoints: []discoveryv1.Endpoint{{Addresses: addresses, Conditions: discoveryv1.EndpointConditions{Ready: &ready}}},
	}
}

// origin says its name and closes; the port is free at every loopback address.
func origin(t *testing.T, address, name string) {
	t.Helper()
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(connection, name)
			_ = connection.Close()
		}
	}()
}

func ask(address string) (string, error) {
	connection, err := net.DialTimeout("tcp4", address, time.Second)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	line, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil {
		return "", err
	}
	return line[:len(line)-1], nil
}

func TestConnectionsReachReadyEndpointsInTurn(t *testing.T) {
	origin(t, "127.0.7.1:18080", "one")
	origin(t, "127.0.7.2:18080", "two")
	held := device{}
	proxy := New(held, Access{}, slog.New(slog.DiscardHandler))
	services := []*corev1.Service{service("web", "127.0.7.100", 18081)}
	both := []*discoveryv1.EndpointSlice{slice("web", 18080, true, "127.0.7.1"), slice("web", 18080, true, "127.0.7.2")}
	if err := proxy.Apply(NewPlan("stone", services, both, nil)); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for range 4 {
		name, err := ask("127.0.7.100:18081")
		if err != nil {
			t.Fatal(err)
		}
		seen[name]++
	}
	if seen["one"] != 2 || seen["two"] != 2 || !held[netip.MustParseAddr("127.0.7.100")] {
		t.Fatalf("got %v, %v", seen, held)
	}

	gone := []*discoveryv1.EndpointSlice{slice("web", 18080, true, "127.0.7.9", "127.0.7.2")}
	if err := proxy.Apply(NewPlan("stone", services, gone, nil)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if name, err := ask("127.0.7.100:18081"); err != nil || name != "two" {
			t.Fatalf("an endpoint that refuses was not passed over: %q, %v", name, err)
		}
	}

	unready := []*discoveryv1.EndpointSlice{slice("web", 18080, false, "127.0.7.2")}
	if err := proxy.Apply(NewPlan("stone", services, unready, nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := ask("127.0.7.100:18081"); err == nil {
		t.Fatal("a service without a ready endpoint answers")
	}
	if err := proxy.Close(); err != nil || len(held) != 0 {
		t.Fatalf("addresses are left: %v, %v", held, err)
	}
}

func TestClosingEndsOpenConnections(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.7.1:18082")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	proxy := New(device{}, Access{}, slog.New(slog.DiscardHandler))
	plan := NewPlan("stone", []*corev1.Service{service("web", "127.0.7.101", 18083)},
		[]*discoveryv1.EndpointSlice{slice("web", 18082, true, "127.0.7.1")}, nil)
	if err := proxy.Apply(plan); err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("tcp4", "127.0.7.101:18083")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := listener.Accept(); err != nil {
		t.Fatal(err)
	}
	if err := proxy.Close(); err != nil {
		t.Fatal(err)
	}
	if err := client.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Read(make([]byte, 1)); err == nil {
		t.Fatalf("read %d bytes from a closed service", n)
	}
}

func TestAnAddressOfTheNodeIsLeftAlone(t *testing.T) {
	held := device{}
	proxy := New(held, Access{}, slog.New(slog.DiscardHandler))
	plan := NewPlan("stone", []*corev1.Service{service("web", "127.0.7.102", 18084)},
		[]*discoveryv1.EndpointSlice{slice("web", 18080, true, "127.0.7.1")},
		map[netip.Addr]bool{netip.MustParseAddr("127.0.7.102"): true})
	if err := proxy.Apply(plan); err != nil {
		t.Fatal(err)
	}
	if _, err := ask("127.0.7.102:18084"); err == nil || len(held) != 0 {
		t.Fatalf("the proxy took an address of the node: %v", held)
	}
}

func TestPlanHasNoLoopsHeadlessOrForeignServices(t *testing.T) {
	loop, headless, udp, other := service("loop", "10.43.0.9", 80), service("none", "None", 80), service("dns", "10.43.0.10", 53), service("other", "10.43.0.11", 80)
	udp.Spec.Ports[0].Protocol = corev1.ProtocolUDP
	other.Labels = map[string]string{otherProxy: "elsewhere"}
	balanced := service("lb", "10.43.0.12", 80)
	balanced.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "10.96.0.1"}}
	plan := NewPlan("stone", []*corev1.Service{loop, headless, udp, other, balanced}, []*discoveryv1.EndpointSlice{
		slice("loop", 80, true, "10.96.0.1"), slice("none", 80, true, "10.42.0.9"), slice("dns", 53, true, "10.42.0.9"),
		slice("other", 80, true, "10.42.0.9"), slice("lb", 8080, true, "10.42.0.9"),
	}, nil)
	var frontends []string
	for frontend, target := range plan.Frontends {
		frontends = append(frontends, fmt.Sprint(frontend.Address, " ", frontend.Protocol, " ", target.Service, target.Backends))
	}
	slices.Sort(frontends)
	want := []string{"10.43.0.12:80 TCP a/lb [10.42.0.9:8080]", "10.96.0.1:80 TCP a/lb [10.42.0.9:8080]"}
	if !slices.Equal(frontends, want) {
		t.Fatalf("got %q, want %q", frontends, want)
	}
	if plan.Addresses[netip.MustParseAddr("10.43.0.11")] || !plan.Addresses[netip.MustParseAddr("10.43.0.10")] {
		t.Fatalf("got addresses %v", plan.Addresses)
	}
}

// askForwarded is ask as a pod that forwards packets makes it.
func askForwarded(address string) (string, error) {
	dialer := net.Dialer{Timeout: time.Second, Control: Forwarded}
	connection, err := dialer.Dial("tcp4", address)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	line, err := bufio.NewReader(connection).ReadString('\n')
	return strings.TrimSpace(line), err
}

func TestAForwardingPodReachesClusterIPsOnlyWhenEachPacketIsLookedAt(t *testing.T) {
	origin(t, "127.0.7.3:18090", "one")
	lb := service("web", "127.0.7.110", 18091)
	lb.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "127.0.7.111"}}
	plan := NewPlan("stone", []*corev1.Service{lb}, []*discoveryv1.EndpointSlice{slice("web", 18090, true, "127.0.7.3")}, nil)
	for _, hostNamespaceOnly := range []bool{false, true} {
		proxy := New(device{}, Access{Forwarded: hostNamespaceOnly}, slog.New(slog.DiscardHandler))
		if err := proxy.Apply(plan); err != nil {
			t.Fatal(err)
		}
		if name, err := ask("127.0.7.110:18091"); err != nil || name != "one" {
			t.Errorf("a socket of the node does not reach the ClusterIP: %q, %v", name, err)
		}
		if name, err := askForwarded("127.0.7.111:18091"); err != nil || name != "one" {
			t.Errorf("a load balancer's address does not answer: %q, %v", name, err)
		}
		name, err := askForwarded("127.0.7.110:18091")
		if (err == nil && name == "one") != hostNamespaceOnly {
			t.Errorf("hostNamespaceOnly %v: %q, %v", hostNamespaceOnly, name, err)
		}
		if err := proxy.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFromOutsideClusterIPsAnswerOnlyWhenAskedTo(t *testing.T) {
	for _, external := range []bool{false, true} {
		program := Access{External: external}.filter(1)
		if verdict := program[6].K; (verdict == pass) != external {
			t.Errorf("external %v: packets of another device meet %x", external, verdict)
		}
	}
}

// echoUDP answers packets with its name until the test ends.
func echoUDP(t *testing.T, address, name string) *net.UDPConn {
	t.Helper()
	socket, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort(address)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	go func() {
		packet := make([]byte, 64)
		for {
			length, client, err := socket.ReadFromUDPAddrPort(packet)
			if err != nil {
				return
			}
			_, _ = socket.WriteToUDPAddrPort(append([]byte(name+" "), packet[:length]...), client)
		}
	}()
	return socket
}

func askUDP(t *testing.T, connection net.Conn) (string, error) {
	t.Helper()
	if err := connection.SetDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Write([]byte("hi")); err != nil {
		return "", err
	}
	packet := make([]byte, 64)
	length, err := connection.Read(packet)
	return string(packet[:length]), err
}

func TestASessionOfUDPKeepsItsEndpointWhileThatIsReady(t *testing.T) {
	echoUDP(t, "127.0.7.20:18153", "one")
	echoUDP(t, "127.0.7.21:18153", "two")
	dns := service("dns", "127.0.7.120", 18053)
	dns.Spec.Ports[0].Protocol = corev1.ProtocolUDP
	udp := corev1.ProtocolUDP
	endpoints := slice("dns", 18153, true, "127.0.7.20", "127.0.7.21")
	endpoints.Ports[0].Protocol = &udp
	proxy := New(device{}, Access{}, slog.New(slog.DiscardHandler))
	defer func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	}()
	apply := func() {
		t.Helper()
		if err := proxy.Apply(NewPlan("stone", []*corev1.Service{dns}, []*discoveryv1.EndpointSlice{endpoints}, nil)); err != nil {
			t.Fatal(err)
		}
	}
	apply()
	client, err := net.Dial("udp4", "127.0.7.120:18053")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for range 3 {
		if said, err := askUDP(t, client); err != nil || said != "one hi" {
			t.Fatalf("%q, %v", said, err)
		}
	}
	endpoints = slice("dns", 18153, true, "127.0.7.21")
	endpoints.Ports[0].Protocol = &udp
	apply()
	if said, err := askUDP(t, client); err != nil || said != "two hi" {
		t.Fatalf("%q, %v", said, err)
	}
}

func TestAnIdleSessionOfUDPIsForgotten(t *testing.T) {
	echoUDP(t, "127.0.7.22:18154", "one")
	socket, err := (Access{}).listenPacket(netip.MustParseAddrPort("127.0.7.121:18054"), false)
	if err != nil {
		t.Fatal(err)
	}
	front := &udpFrontend{
		socket: socket, log: slog.New(slog.DiscardHandler), idle: 50 * time.Millisecond,
		backends: []netip.AddrPort{netip.MustParseAddrPort("127.0.7.22:18154")}, sessions: map[netip.AddrPort]*session{},
	}
	front.running.Go(front.receive)
	defer front.close()
	client, err := net.Dial("udp4", "127.0.7.121:18054")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if said, err := askUDP(t, client); err != nil || said != "one hi" {
		t.Fatalf("%q, %v", said, err)
	}
	count := func() int {
		front.mu.Lock()
		defer front.mu.Unlock()
		return len(front.sessions)
	}
	for end := time.Now().Add(5 * time.Second); count() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the session stays")
		}
	}
}

func TestTrafficPoliciesKeepToTheNode(t *testing.T) {
	local, here, there := corev1.ServiceInternalTrafficPolicyLocal, "stone", "tank"
	balanced := service("lb", "10.43.0.12", 80)
	balanced.Spec.ExternalTrafficPolicy = corev1.ServiceExternalTrafficPolicyLocal
	balanced.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "10.96.0.1"}}
	endpoints := slice("lb", 8080, true, "10.42.0.9", "10.42.1.9")
	other := endpoints.Endpoints[0]
	endpoints.Endpoints[0].NodeName, other.NodeName = &there, &here
	endpoints.Endpoints[0].Addresses, other.Addresses = []string{"10.42.0.9"}, []string{"10.42.1.9"}
	endpoints.Endpoints = append(endpoints.Endpoints, other)
	count := func(address string) int {
		plan := NewPlan("stone", []*corev1.Service{balanced}, []*discoveryv1.EndpointSlice{endpoints}, nil)
		return len(plan.Frontends[Frontend{netip.MustParseAddrPort(address), corev1.ProtocolTCP}].Backends)
	}
	if outside, inside := count("10.96.0.1:80"), count("10.43.0.12:80"); outside != 1 || inside != 2 {
		t.Errorf("from outside %d endpoints, from inside %d", outside, inside)
	}
	balanced.Spec.InternalTrafficPolicy = &local
	if inside := count("10.43.0.12:80"); inside != 1 {
		t.Errorf("from inside %d endpoints", inside)
	}
}
