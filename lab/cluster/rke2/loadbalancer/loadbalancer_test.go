package loadbalancer

import (
	"context"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
)

// answer listens on loopback and says its name to everyone.
func answer(t *testing.T, name string) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, name)
			_ = conn.Close()
		}
	}()
	return listener
}

func ask(t *testing.T, address string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	said, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(said)
}

func TestTheListOutlivesTheFirstServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lb.json")
	log := slog.New(slog.DiscardHandler)
	first, second := answer(t, "first"), answer(t, "second")
	defer second.Close()
	known, err := New("test", file, first.Addr().String(), log)
	if err != nil {
		t.Fatal(err)
	}
	if err := known.Update([]string{first.Addr().String(), second.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	// A new start knows the second server from the file alone.
	balancer, err := New("test", file, first.Addr().String(), log)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- balancer.Serve(ctx, listener) }()
	for range 3 {
		if said := ask(t, listener.Addr().String()); said != "second" {
			t.Errorf("answered by %q", said)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
