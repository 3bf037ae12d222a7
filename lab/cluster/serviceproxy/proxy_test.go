package serviceproxy

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"homelab/lab/cluster/loopback"
)

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

// inMachines runs the test again as root of namespaces of its own, and makes the network of a LAN, a machine with a pod, and
// another one with a pod: `lan` is outside, `pod` a pod of the machine that the test runs in, `far` one of the other.
func inMachines(t *testing.T) bool {
	t.Helper()
	if os.Getenv("SERVICEPROXY_INSIDE") == "" {
		command := exec.Command("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount",
			"--propagation", "private", "sh", "-c", `mount -t tmpfs tmpfs /run && exec "$@"`, "sh", os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		command.Env = append(os.Environ(), "SERVICEPROXY_INSIDE=1")
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return false
	}
	for _, line := range []string{
		"ip link set lo up", "echo 1 > /proc/sys/net/ipv4/ip_forward",
		"ip netns add lan", "ip link add eth0 type veth peer name eth0 netns lan", "ip addr add 192.0.2.1/24 dev eth0", "ip link set eth0 up",
		"ip -n lan addr add 192.0.2.9/24 dev eth0", "ip -n lan link set eth0 up", "ip -n lan route add 10.40.0.0/14 via 192.0.2.1",
		"ip netns add far", "ip link add eth1 type veth peer name eth0 netns far", "ip addr add 192.0.3.1/24 dev eth1", "ip link set eth1 up",
		"ip -n far addr add 192.0.3.2/24 dev eth0", "ip -n far addr add 10.42.8.5/32 dev lo", "ip -n far link set lo up", "ip -n far link set eth0 up",
		"ip -n far route add 10.42.7.0/24 via 192.0.3.1", "ip route add 10.42.8.0/24 via 192.0.3.2", "ip -n far route add 192.0.2.1 via 192.0.3.1",
		"ip netns add pod", "ip link add lxc1 type veth peer name eth0 netns pod", "ip link set lxc1 up", "ip route add 10.42.7.5 dev lxc1 src 192.0.2.1",
		"ip -n pod addr add 10.42.7.5/32 dev eth0", "ip -n pod link set lo up", "ip -n pod link set eth0 up",
		"ip -n pod route add 192.0.2.1 dev eth0", "ip -n pod route add default via 192.0.2.1",
	} {
		if output, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", line, err, output)
		}
	}
	return true
}

// within runs this program in the namespace, as a helper of TestHelper; here for the machine itself.
func within(namespace string, words ...string) *exec.Cmd {
	line := append([]string{os.Args[0], "-test.run", "^TestHelper$", "--"}, words...)
	if namespace != "here" {
		line = append([]string{"nsenter", "--net=/run/netns/" + namespace}, line...)
	}
	command := exec.Command(line[0], line[1:]...)
	command.Env = append(os.Environ(), "SERVICEPROXY_HELPER=1")
	return command
}

// serve answers at an address in the namespace, over TCP and UDP, with its name and who asked.
func serve(t *testing.T, namespace, address string) {
	t.Helper()
	server := within(namespace, "serve", address, namespace)
	output, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	if _, err := output.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

// ask connects from the namespace; gives the answer, or "no" after a second.
func ask(t *testing.T, namespace, network, address string) string {
	t.Helper()
	output, err := within(namespace, "ask", network, address).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	said, _, _ := strings.Cut(string(output), "\n")
	return said
}

// TestHelper is no test of its own but a program in a namespace.
func TestHelper(t *testing.T) {
	if os.Getenv("SERVICEPROXY_HELPER") == "" {
		return
	}
	words := os.Args[slices.Index(os.Args, "--")+1:]
	if words[0] == "serve" {
		answer(t, words[1], words[2])
		return
	}
	dialer := net.Dialer{Timeout: time.Second}
	if words[1] == "forwarded" {
		words[1], dialer.Control = "tcp", Forwarded
	}
	connection, err := dialer.Dial(words[1]+"4", words[2])
	if err == nil {
		_ = connection.SetDeadline(time.Now().Add(time.Second))
		_, err = connection.Write([]byte("?"))
	}
	said := make([]byte, 100)
	length := 0
	if err == nil {
		length, err = connection.Read(said)
	}
	if err != nil {
		fmt.Println("no")
		return
	}
	fmt.Println(string(said[:length]))
}

func answer(t *testing.T, address, name string) {
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.ListenPacket("udp4", address)
	if err != nil {
		t.Fatal(err)
	}
	host := func(from net.Addr) string { return netip.MustParseAddrPort(from.String()).Addr().String() }
	go func() {
		for {
			_, from, err := socket.ReadFrom(make([]byte, 1))
			if err != nil {
				return
			}
			_, _ = socket.WriteTo([]byte(name+" "+host(from)), from)
		}
	}()
	fmt.Println("ready")
	for {
		connection, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadFull(connection, make([]byte, 1))
		fmt.Fprint(connection, name+" "+host(connection.RemoteAddr()))
		_ = connection.Close()
	}
}

var machine = Node{Address: netip.MustParseAddr("192.0.2.1"), Pods: netip.MustParsePrefix("10.42.7.0/24")}

// proxied is a proxy of a Service in the machine, at a ClusterIP and a load balancer's address.
func proxied(t *testing.T, access Access, protocol corev1.Protocol, endpoints ...string) (*Proxy, func(...string)) {
	t.Helper()
	proxy, err := New(loopback.New("svc"), access)
	if err != nil {
		t.Fatal(err)
	}
	web := service("web", "10.43.0.9", 80)
	web.Spec.Ports[0].Protocol = protocol
	web.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "10.41.0.9"}}
	apply := func(endpoints ...string) {
		t.Helper()
		ready := slice("web", 8080, true, endpoints...)
		ready.Ports[0].Protocol = &protocol
		if err := proxy.Apply(machine, NewPlan("stone", []*corev1.Service{web}, []*discoveryv1.EndpointSlice{ready}, nil)); err != nil {
			t.Fatal(err)
		}
	}
	apply(endpoints...)
	return proxy, apply
}

func expect(t *testing.T, want map[[3]string]string) {
	t.Helper()
	for question, answer := range want {
		if said := ask(t, question[0], question[1], question[2]); said != answer {
			t.Errorf("%v: got %q, want %q", question, said, answer)
		}
	}
}

const clusterIP, balancer = "10.43.0.9:80", "10.41.0.9:80"

func TestEndpointsSeeWhoAsks(t *testing.T) {
	if !inMachines(t) {
		return
	}
	serve(t, "pod", "10.42.7.5:8080")
	proxy, apply := proxied(t, Access{External: true}, corev1.ProtocolTCP, "10.42.7.5")
	expect(t, map[[3]string]string{
		{"here", "tcp", clusterIP}: "pod 192.0.2.1", {"here", "tcp", balancer}: "pod 192.0.2.1",
		{"lan", "tcp", clusterIP}: "pod 192.0.2.9", {"lan", "tcp", balancer}: "pod 192.0.2.9",
		// A pod that reaches itself.
		{"pod", "tcp", clusterIP}: "pod 169.254.42.1",
	})
	serve(t, "far", "10.42.8.5:8080")
	apply("10.42.8.5")
	expect(t, map[[3]string]string{
		{"here", "tcp", clusterIP}: "far 192.0.2.1", {"lan", "tcp", balancer}: "far 192.0.2.1", {"pod", "tcp", clusterIP}: "far 10.42.7.5",
	})
	apply("10.42.7.5", "10.42.8.5")
	seen := map[string]int{}
	for range 4 {
		seen[ask(t, "lan", "tcp", balancer)]++
	}
	if seen["pod 192.0.2.9"] != 2 || seen["far 192.0.2.1"] != 2 {
		t.Errorf("endpoints are not taken in turn: %v", seen)
	}
	apply()
	expect(t, map[[3]string]string{{"here", "tcp", clusterIP}: "no", {"lan", "tcp", balancer}: "no"})
	if err := proxy.Close(); err != nil {
		t.Error(err)
	}
	if left, err := exec.Command("ip", "-br", "addr", "show", "lo").Output(); err != nil || strings.Contains(string(left), "10.43") {
		t.Errorf("left: %s, %v", left, err)
	}
}

func TestClusterIPsAnswerOutsideAndWhatPodsForwardOnlyWhenAskedTo(t *testing.T) {
	if !inMachines(t) {
		return
	}
	serve(t, "pod", "10.42.7.5:8080")
	for _, open := range []bool{false, true} {
		proxy, _ := proxied(t, Access{External: open, Forwarded: open}, corev1.ProtocolTCP, "10.42.7.5")
		want := map[[3]string]string{
			{"here", "tcp", clusterIP}: "pod 192.0.2.1", {"lan", "tcp", balancer}: "pod 192.0.2.9", {"here", "forwarded", balancer}: "pod 192.0.2.1",
			{"lan", "tcp", clusterIP}: "no", {"here", "forwarded", clusterIP}: "no",
		}
		if open {
			want[[3]string{"lan", "tcp", clusterIP}], want[[3]string{"here", "forwarded", clusterIP}] = "pod 192.0.2.9", "pod 192.0.2.1"
		}
		expect(t, want)
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestPacketsOfAClientGoToAnotherEndpointWhenTheirsIsGone(t *testing.T) {
	if !inMachines(t) {
		return
	}
	serve(t, "pod", "10.42.7.5:8080")
	serve(t, "far", "10.42.8.5:8080")
	_, apply := proxied(t, Access{}, corev1.ProtocolUDP, "10.42.7.5")
	client, err := net.Dial("udp4", clusterIP)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, want := range []string{"pod 192.0.2.1", "far 192.0.2.1"} {
		if err := client.SetDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		said := make([]byte, 100)
		if _, err := client.Write([]byte("?")); err != nil {
			t.Fatal(err)
		}
		length, err := client.Read(said)
		if err != nil || string(said[:length]) != want {
			t.Errorf("got %q, %v, want %q", said[:length], err, want)
		}
		apply("10.42.8.5")
	}
}

func TestOnlyUDPIsForgotten(t *testing.T) {
	dns := service("dns", "10.43.0.10", 53)
	dns.Spec.Ports[0].Protocol = corev1.ProtocolUDP
	web := service("web", "10.43.0.11", 80)
	plan := func(lookups string, pages ...string) Plan {
		answers := slice("dns", 53, true, lookups)
		udp := corev1.ProtocolUDP
		answers.Ports[0].Protocol = &udp
		return NewPlan("stone", []*corev1.Service{dns, web}, []*discoveryv1.EndpointSlice{answers, slice("web", 80, true, pages...)}, nil)
	}
	first := plan("10.42.0.9", "10.42.0.10")
	if len(first.udp()) != 1 {
		t.Fatalf("got %v", first.udp())
	}
	if sameUDP(Plan{}, first) || sameUDP(first, plan("10.42.0.12", "10.42.0.10")) {
		t.Fatal("another endpoint for UDP went unnoticed")
	}
	if !sameUDP(first, plan("10.42.0.9", "10.42.0.10", "10.42.0.11")) {
		t.Fatal("another endpoint for TCP counts for UDP")
	}
}
