package cilium

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"homelab/lab/cluster/cilium/netpolicy"
	"homelab/lab/cluster/kubelet/podnet"
	"homelab/lab/cluster/nft"
)

// inNamespaces runs the test again as root of namespaces of its own: it makes devices and rules.
func inNamespaces(t *testing.T) bool {
	t.Helper()
	if os.Getenv("CILIUM_INSIDE") != "" {
		return true
	}
	command := exec.Command("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount", "--propagation", "private",
		"sh", "-c", `ip link set lo up && echo 1 > /proc/sys/net/ipv4/ip_forward && mount -t tmpfs tmpfs /run && exec "$@"`,
		"sh", os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), "CILIUM_INSIDE=1")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return false
}

func connects(t *testing.T, from *podnet.Namespace, to string) bool {
	t.Helper()
	host, port, err := net.SplitHostPort(to)
	if err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command("nsenter", "--net="+from.Path, "timeout", "1", "bash", "-c", "exec 3<>/dev/tcp/"+host+"/"+port+"; cat <&3").CombinedOutput()
	if refused := strings.Contains(string(output), "refused"); refused {
		t.Errorf("%s refuses, where what is not let through is silent", to)
	}
	return err == nil && strings.Contains(string(output), "hello")
}

func TestPodsConnectAsPoliciesLetThem(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	if output, err := exec.Command("sh", "-c", "ip link add eth9 type veth peer name eth8 && ip addr add 192.0.2.1/24 dev eth9 && ip link set eth9 up").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	machine, pods := netip.MustParseAddr("192.0.2.1"), netip.MustParsePrefix("10.42.7.0/24")
	networks := map[string]*podnet.Namespace{}
	var endpoints []netpolicy.Endpoint
	for name, address := range map[string]string{"server": "10.42.7.5", "friend": "10.42.7.6", "stranger": "10.42.7.7"} {
		ip := netip.MustParseAddr(address)
		network, err := podnet.Add(strings.Repeat(address[len(address)-1:], 12)+name, ip, machine, nil)
		if err != nil {
			t.Fatal(err)
		}
		networks[name] = network
		endpoints = append(endpoints, netpolicy.Endpoint{Namespace: "a", Labels: map[string]string{"app": name}, Address: ip})
	}
	for _, address := range []string{"10.42.7.5:80", "10.42.7.5:81"} {
		host, port, _ := strings.Cut(address, ":")
		serve(t, networks["server"], host, port)
	}
	policy, err := netpolicy.Read(map[string]any{"spec": map[string]any{
		"endpointSelector": map[string]any{"matchLabels": map[string]any{"app": "server"}},
		"ingress": []any{map[string]any{
			"fromEndpoints": []any{map[string]any{"matchLabels": map[string]any{"app": "friend"}}},
			"toPorts":       []any{map[string]any{"ports": []any{map[string]any{"port": "80", "protocol": "TCP"}}}},
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if !connects(t, networks["stranger"], "10.42.7.5:80") {
		t.Fatal("without policies nothing passes")
	}
	nodes := []netpolicy.Node{{Addresses: []netip.Addr{machine}, Own: true}}
	world := netpolicy.NewWorld("home", endpoints, nodes, func(string) []netip.Addr { return nil })
	verdicts := map[netip.Addr]netpolicy.Verdict{}
	for _, endpoint := range endpoints {
		if verdict := world.Judge([]netpolicy.Policy{policy}, endpoint); verdict.Ingress.Closed || verdict.Egress.Closed {
			verdicts[endpoint.Address] = verdict
		}
	}
	table, err := nft.NewOwner("homelab-policies")
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Replace(func(table *nft.Table) { writePolicies(table, pods, verdicts) }); err != nil {
		t.Fatal(err)
	}
	for question, want := range map[[2]string]bool{
		{"friend", "10.42.7.5:80"}: true, {"friend", "10.42.7.5:81"}: false, {"stranger", "10.42.7.5:80"}: false,
	} {
		if connects(t, networks[question[0]], question[1]) != want {
			t.Errorf("%v: must be %v", question, want)
		}
	}
	connection, err := net.DialTimeout("tcp4", "10.42.7.5:81", time.Second)
	if err != nil {
		t.Fatalf("the machine does not reach its own pod: %v", err)
	}
	connection.Close()
}

// serve says hello to everybody who connects.
func serve(t *testing.T, network *podnet.Namespace, host, port string) {
	t.Helper()
	server := exec.Command("nsenter", "--net="+network.Path, os.Args[0], "-test.run", "^TestHelperSaysHello$")
	server.Env = append(os.Environ(), "CILIUM_SERVE="+net.JoinHostPort(host, port))
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

// TestHelperSaysHello is no test of its own but a server for one.
func TestHelperSaysHello(t *testing.T) {
	address := os.Getenv("CILIUM_SERVE")
	if address == "" {
		return
	}
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stdout.WriteString("ready\n"); err != nil {
		t.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = connection.Write([]byte("hello\n"))
		connection.Close()
	}
}
