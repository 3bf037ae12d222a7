package podnet

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const uid = "0f0e0d0c-1111-2222-3333-444455556666"

// inNamespaces runs the test again as root of namespaces of its own: it makes devices and rules.
func inNamespaces(t *testing.T) bool {
	t.Helper()
	if os.Getenv("PODNET_INSIDE") != "" {
		return true
	}
	command := exec.Command("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount", "--propagation", "private",
		"sh", "-c", `ip link set lo up && mount -t tmpfs tmpfs /run && exec "$@"`, "sh", os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), "PODNET_INSIDE=1")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return false
}

func in(t *testing.T, path, script string) string {
	t.Helper()
	output, err := exec.Command("nsenter", "--net="+path, "sh", "-c", script).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", script, err, output)
	}
	return string(output)
}

func TestAPodReachesTheMachineFromItsOwnAddress(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	pod := netip.MustParseAddr("10.42.7.5")
	network, err := Add(uid, pod, netip.MustParseAddr("127.0.0.1"), map[string]string{"net.ipv4.tcp_syncookies": "0"})
	if err != nil {
		t.Fatal(err)
	}
	if output := in(t, network.Path, "cat /proc/sys/net/ipv4/tcp_syncookies /proc/sys/net/ipv4/ip_unprivileged_port_start"); output != "0\n0\n" {
		t.Errorf("sysctls of the pod: %q", output)
	}
	if err := exec.Command("ip", "addr", "add", "10.43.0.1/32", "dev", "lo").Run(); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp4", "10.43.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client := exec.Command("nsenter", "--net="+network.Path, "bash", "-c", "exec 3<>/dev/tcp/10.43.0.1/80; read line <&3; echo $line")
	said := make(chan string)
	go func() {
		output, _ := client.CombinedOutput()
		said <- string(output)
	}()
	if err := listener.(*net.TCPListener).SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	connection, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if from := connection.RemoteAddr().String(); !strings.HasPrefix(from, pod.String()+":") {
		t.Errorf("the machine sees %s", from)
	}
	if _, err := connection.Write([]byte("hello\n")); err != nil {
		t.Fatal(err)
	}
	connection.Close()
	if answer := <-said; answer != "hello\n" {
		t.Errorf("the pod got %q", answer)
	}
	if err := network.Remove(); err != nil {
		t.Fatal(err)
	}
	if left, err := exec.Command("ip", "-br", "link").Output(); err != nil || strings.Contains(string(left), "lxc") {
		t.Errorf("left: %s, %v", left, err)
	}
}

// outside is a second machine on the LAN 192.0.2.0/24 that knows no way to pods.
func outside(t *testing.T) string {
	t.Helper()
	for _, line := range []string{
		"ip netns add lan", "ip link add eth1 type veth peer name eth0 netns lan",
		"ip addr add 192.0.2.1/24 dev eth1", "ip link set eth1 up",
		"ip -n lan addr add 192.0.2.2/24 dev eth0", "ip -n lan link set eth0 up", "echo 1 > /proc/sys/net/ipv4/ip_forward",
	} {
		if output, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", line, err, output)
		}
	}
	return "/run/netns/lan"
}

func TestWhatLeavesTheClusterHasTheMachinesAddress(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	lan := outside(t)
	network, err := Add(uid, netip.MustParseAddr("10.42.7.5"), netip.MustParseAddr("192.0.2.1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := Masquerade(netip.MustParsePrefix("10.42.7.0/24"), []netip.Prefix{netip.MustParsePrefix("10.42.0.0/16")}); err != nil {
		t.Fatal(err)
	}
	server := exec.Command("nsenter", "--net="+lan, os.Args[0], "-test.run", "^TestHelperTellsWhoAsks$")
	server.Env = append(os.Environ(), "PODNET_SERVE=192.0.2.2:80")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	asked := in(t, network.Path, "until bash -c 'exec 3<>/dev/tcp/192.0.2.2/80; cat <&3' 2>/dev/null; do :; done")
	if !strings.HasPrefix(asked, "192.0.2.1:") {
		t.Errorf("the LAN sees %q", asked)
	}
	if err := Sweep(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(network.Path); !os.IsNotExist(err) {
		t.Errorf("the namespace is left: %v", err)
	}
}

// TestHelperTellsWhoAsks is no test of its own but a server for one.
func TestHelperTellsWhoAsks(t *testing.T) {
	address := os.Getenv("PODNET_SERVE")
	if address == "" {
		return
	}
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Write([]byte(connection.RemoteAddr().String())); err != nil {
		t.Fatal(err)
	}
	connection.Close()
}
