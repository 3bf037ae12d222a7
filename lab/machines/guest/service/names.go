package service

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Exit codes by which systemd says that it could not even run the program; systemd.exec(5).
const (
	exitChdir = 200
	exitExec  = 203
	exitUser  = 217
)

func statusName(code int) string {
	switch code {
	case 0:
		return "SUCCESS"
	case 1:
		return "FAILURE"
	case 2:
		return "INVALIDARGUMENT"
	case exitChdir:
		return "CHDIR"
	case exitExec:
		return "EXEC"
	case exitUser:
		return "USER"
	}
	return "n/a"
}

func signalName(signal syscall.Signal) string {
	return strings.TrimPrefix(unix.SignalName(signal), "SIG")
}

// SignalNumber reads a signal's name, with or without SIG; 0 means that there is none of the name.
func SignalNumber(name string) syscall.Signal {
	return unix.SignalNum("SIG" + strings.TrimPrefix(name, "SIG"))
}
