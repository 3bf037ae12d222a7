package process

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// InvocationVariable marks the processes of one run of a service, as systemd does; children inherit it also when they
// become daemons. It stands in for a control group, which a sandbox cannot always have.
const InvocationVariable = "INVOCATION_ID"

type entry struct {
	pid, parent, session int
	marked               bool
}

// stat reads parent and session from /proc/PID/stat; the command's name may hold blanks and parentheses.
func stat(pid int) (parent, session int, ok bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, 0, false
	}
	end := bytes.LastIndexByte(text, ')')
	fields := strings.Fields(string(text[end+1:]))
	if end < 0 || len(fields) < 4 || fields[0] == "Z" || fields[0] == "X" {
		return 0, 0, false
	}
	parent, _ = strconv.Atoi(fields[1])
	session, _ = strconv.Atoi(fields[3])
	return parent, session, true
}

// All gives every living process but init and kernel threads.
func All() []int {
	var pids []int
	directory, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, item := range directory {
		if pid, err := strconv.Atoi(item.Name()); err == nil && pid > 1 {
			if _, _, ok := stat(pid); ok {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// Members gives the living processes of one run of a service: those that carry the invocation's mark, those in the
// main process' session, and the descendants of both.
func Members(invocation string, main int) []int {
	mark := []byte(InvocationVariable + "=" + invocation + "\x00")
	var entries []entry
	for _, pid := range All() {
		parent, session, ok := stat(pid)
		if !ok {
			continue
		}
		environment, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
		marked := err == nil && bytes.Contains(environment, mark)
		entries = append(entries, entry{pid, parent, session, marked || main > 0 && (session == main || pid == main)})
	}
	member := map[int]bool{}
	for grown := true; grown; {
		grown = false
		for _, e := range entries {
			if !member[e.pid] && (e.marked || member[e.parent]) {
				member[e.pid], grown = true, true
			}
		}
	}
	var pids []int
	for _, e := range entries {
		if member[e.pid] {
			pids = append(pids, e.pid)
		}
	}
	return pids
}

// Signal sends a signal to each process; those that are gone do not count as errors.
func Signal(pids []int, signal syscall.Signal) error {
	var failed error
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			failed = err
		}
	}
	return failed
}
