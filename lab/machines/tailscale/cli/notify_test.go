package cli

import (
	"net"
	"path/filepath"
	"testing"
	"time"
)

// listenNotify plays systemd's side of sd_notify(3); the function it returns waits for READY=1.
func listenNotify(t *testing.T) func() {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	connection, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", path)
	return func() {
		t.Helper()
		defer connection.Close()
		message := make([]byte, 64)
		if err := connection.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		length, err := connection.Read(message)
		if err != nil || string(message[:length]) != "READY=1" {
			t.Fatalf("tailscaled said %q, %v", message[:length], err)
		}
	}
}
