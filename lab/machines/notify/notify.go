// Package notify tells systemd about a unit's state: sd_notify(3).
package notify

import (
	"fmt"
	"net"
	"os"
	"strings"
)

// Send writes state (for example "READY=1") to the socket named by NOTIFY_SOCKET.
// Without that variable the process is not a notifying unit and nothing is sent.
func Send(state string) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	// A leading @ stands for the abstract namespace's NUL byte.
	if strings.HasPrefix(path, "@") {
		path = "\x00" + path[1:]
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("NOTIFY_SOCKET: %w", err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(state)); err != nil {
		return fmt.Errorf("NOTIFY_SOCKET: %w", err)
	}
	return nil
}
