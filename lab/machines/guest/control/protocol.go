// Package control is how systemctl talks to init: one JSON request and one JSON answer per connection of a unix socket.
package control

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// Socket is where init listens.
const Socket = "/run/systemd/private"

// Request is one verb for one unit.
type Request struct {
	// Verb is start, stop, restart, try-restart, reload, reset-failed, daemon-reload, properties, list, poweroff,
	// reboot or kill.
	Verb string `json:"verb"`
	// Unit is a full unit name; empty where the verb needs none.
	Unit string `json:"unit"`
	// NoBlock answers when the job is queued, not when it is done.
	NoBlock bool `json:"noBlock"`
	// Signal is kill's, by number.
	Signal int `json:"signal,omitempty"`
}

// Reasons why a job did not succeed, in Answer.Reason.
const (
	NotFound    = "not-found"
	NotLoaded   = "not-loaded"
	BadSetting  = "bad-setting"
	Masked      = "masked"
	JobFailed   = "job-failed"
	Canceled    = "canceled"
	NotActive   = "not-active"
	Unsupported = "unsupported"
	Denied      = "denied"
)

// Answer is what came of a request.
type Answer struct {
	// Reason is empty on success.
	Reason string `json:"reason,omitempty"`
	// Detail is a sentence for people.
	Detail string `json:"detail,omitempty"`
	// Result is the service's result when a job failed: exit-code, signal, timeout, ...
	Result string `json:"result,omitempty"`
	// Stale says that the unit's files are newer than what init has loaded.
	Stale bool `json:"stale,omitempty"`
	// Units are the properties asked for.
	Units []Properties `json:"units,omitempty"`
}

// Properties are a unit's properties by systemd's names, as text.
type Properties map[string]string

// Serve answers requests until the process ends.
func Serve(handle func(Request) Answer) error {
	if err := os.MkdirAll(filepath.Dir(Socket), 0o755); err != nil {
		return err
	}
	listener, err := net.Listen("unix", Socket)
	if err != nil {
		return err
	}
	// Everyone may ask; only root may change something.
	if err := os.Chmod(Socket, 0o666); err != nil {
		return err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				fmt.Fprintln(os.Stderr, "control socket:", err)
				return
			}
			go answer(connection, handle)
		}
	}()
	return nil
}

func answer(connection net.Conn, handle func(Request) Answer) {
	defer connection.Close()
	var request Request
	if err := json.NewDecoder(connection).Decode(&request); err != nil {
		fmt.Fprintln(os.Stderr, "control socket: request:", err)
		return
	}
	if !allowed(connection, request.Verb) {
		handle = func(Request) Answer { return Answer{Reason: Denied, Detail: "Access denied"} }
	}
	// The asker may have gone away meanwhile (systemctl was killed); its job goes on all the same.
	if err := json.NewEncoder(connection).Encode(handle(request)); err != nil {
		fmt.Fprintln(os.Stderr, "control socket: answer:", err)
	}
}

// allowed says whether the one at the other end may have this verb: root all, others what only reads.
func allowed(connection net.Conn, verb string) bool {
	if verb == "properties" || verb == "list" || verb == "cloud-init" {
		return true
	}
	raw, err := connection.(*net.UnixConn).SyscallConn()
	if err != nil {
		return false
	}
	root := false
	err = raw.Control(func(fd uintptr) {
		peer, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
		root = err == nil && peer.Uid == 0
	})
	return err == nil && root
}

// Ask sends one request to init.
func Ask(request Request) (Answer, error) {
	connection, err := net.Dial("unix", Socket)
	if err != nil {
		return Answer{}, fmt.Errorf("Failed to connect to bus: %w", err)
	}
	defer connection.Close()
	if err := json.NewEncoder(connection).Encode(request); err != nil {
		return Answer{}, err
	}
	var answer Answer
	if err := json.NewDecoder(connection).Decode(&answer); err != nil {
		return Answer{}, fmt.Errorf("init gave no answer to %s: %w", request.Verb, err)
	}
	return answer, nil
}
