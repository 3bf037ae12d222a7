package firewall

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// What the test runs itself as, in a namespace of the network that it plays.
const (
	inside = "FIREWALL_INSIDE"
	filter = "FIREWALL_FILTER"
	serve  = "FIREWALL_SERVE"
)

func TestMain(m *testing.M) {
	if args := os.Getenv(filter); args != "" {
		os.Exit(Command(strings.Fields(args)))
	}
	if address := os.Getenv(serve); address != "" {
		os.Exit(echo(address))
	}
	os.Exit(m.Run())
}

// echo says ok to whoever says hi.
func echo(address string) int {
	listener, err := net.Listen("tcp4", address)
	if err != nil {
		return 1
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return 1
		}
		go func() {
			defer connection.Close()
			if _, err := io.ReadFull(connection, make([]byte, 2)); err == nil {
				_, _ = connection.Write([]byte("ok")) // The client notices.
			}
		}()
	}
}

// A client, the router and a node on one bridge: the router passes on to the node, which answers past it.
const lan = `set -e
ip link add br0 type bridge; ip addr add 192.168.1.2/24 dev br0; ip link set br0 up
for name in router node; do
  ip netns add $name
  ip link add p-$name type veth peer name eth0 netns $name
  ip link set p-$name master br0 up
  ip -n $name link set lo up; ip -n $name link set eth0 up
done
ip -n router addr add 192.168.1.1/24 dev eth0
ip -n node addr add 192.168.1.21/24 dev eth0
ip -n node addr add 10.96.0.5/32 dev lo
ip netns exec router sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.eth0.send_redirects=0
ip -n router route add 10.96.0.0/16 via 192.168.1.21
ip route add 10.96.0.0/16 via 192.168.1.1`

const address = "10.96.0.5:80"

func TestARouterThatKeepsStateBreaksWhatIsAnsweredPastIt(t *testing.T) {
	if os.Getenv(inside) == "" {
		command := exec.Command("unshare", "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--mount",
			"--propagation", "private", "sh", "-c", `ip link set lo up && mount -t tmpfs tmpfs /run && exec "$@"`, "sh",
			os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		command.Env = append(os.Environ(), inside+"=1")
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return
	}
	if output, err := exec.Command("sh", "-c", lan).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	server := self("node", serve, address)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer server.Process.Kill()
	await(t)
	for _, one := range []struct {
		filter   string
		answered bool
	}{{"stateful 10.0.0.0/8", false}, {"none", true}, {"stateful 172.16.0.0/12", true}} {
		if output, err := self("router", filter, one.filter).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", one.filter, err, output)
		}
		connection, err := net.DialTimeout("tcp4", address, 2*time.Second)
		if err != nil {
			t.Fatalf("%s: no connection, although the handshake's first half passes: %v", one.filter, err)
		}
		err = ask(connection)
		connection.Close()
		if one.answered && err != nil {
			t.Errorf("%s: %v", one.filter, err)
		}
		if !one.answered && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the client was not left waiting: %v", one.filter, err)
		}
	}
}

// self is this test program in a namespace, as one of its roles.
func self(namespace, role, value string) *exec.Cmd {
	command := exec.Command("ip", "netns", "exec", namespace, os.Args[0])
	command.Env = append(os.Environ(), role+"="+value)
	return command
}

func ask(connection net.Conn) error {
	if err := connection.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := connection.Write([]byte("hi")); err != nil {
		return err
	}
	_, err := io.ReadFull(connection, make([]byte, 2))
	return err
}

func await(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		connection, err := net.DialTimeout("tcp4", address, time.Second)
		if err == nil {
			connection.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
