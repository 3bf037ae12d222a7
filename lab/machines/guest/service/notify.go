package service

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"homelab/lab/machines/guest/process"
)

// notifyDirectory holds the sockets of the services that run.
var notifyDirectory = "/run/systemd/notify"

// notifySocket receives sd_notify(3) messages of one run of a service.
type notifySocket struct {
	path       string
	access     string
	connection *net.UnixConn
	// ready is closed at READY=1.
	ready chan struct{}
}

// openNotify listens for the run. `access` is the unit's NotifyAccess=.
func (s *Service) openNotify(invocation, access string) (*notifySocket, error) {
	if err := os.MkdirAll(notifyDirectory, 0o755); err != nil {
		return nil, err
	}
	path := filepath.Join(notifyDirectory, invocation)
	connection, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, err
	}
	raw, err := connection.SyscallConn()
	if err != nil {
		return nil, err
	}
	var optionErr error
	if err := raw.Control(func(fd uintptr) {
		optionErr = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_PASSCRED, 1)
	}); err != nil || optionErr != nil {
		return nil, optionErr
	}
	return &notifySocket{path: path, access: access, connection: connection, ready: make(chan struct{})}, nil
}

func (n *notifySocket) close() {
	n.connection.Close()
	os.Remove(n.path)
}

func sender(oob []byte) int {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for _, message := range messages {
		if credentials, err := unix.ParseUnixCredentials(&message); err == nil {
			return int(credentials.Pid)
		}
	}
	return 0
}

// receive reads the messages of a run. It begins when the main process is known: until then they wait in
// the socket, because who sent them could not be told.
func (s *Service) receive(socket *notifySocket) {
	buffer, oob := make([]byte, 64<<10), make([]byte, 256)
	isReady := false
	for {
		length, oobLength, _, _, err := socket.connection.ReadMsgUnix(buffer, oob)
		if err != nil {
			return
		}
		pid := sender(oob[:oobLength])
		current, _ := s.snapshot()
		if socket.access == "main" && pid != current.mainPid {
			s.say("%s: Got notification message from PID %d, but reception only permitted for main PID %d",
				s.name, pid, current.mainPid)
			continue
		}
		for _, line := range strings.Split(string(buffer[:length]), "\n") {
			name, value, _ := strings.Cut(line, "=")
			switch {
			case name == "READY" && value == "1" && !isReady:
				isReady = true
				close(socket.ready)
			case name == "STATUS":
				s.set(func(st *state) { st.statusText = value })
			case name == "MAINPID":
				if pid, err := strconv.Atoi(value); err == nil {
					s.set(func(st *state) { st.mainPid = pid })
				}
			}
		}
	}
}

// members gives the living processes of the current run.
func (s *Service) members() []int {
	current, _ := s.snapshot()
	if current.invocation == "" {
		return nil
	}
	return process.Members(current.invocation, current.mainPid)
}
