// Package process starts, awaits and finds processes for an init that is process 1 of its machine.
package process

import (
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// Exit is how a process ended: by itself with Code, or by Signal when that is not 0.
type Exit struct {
	Code   int
	Signal syscall.Signal
}

// Clean says whether systemd counts the end as success: code 0 or one of the signals that ask to end.
func (e Exit) Clean(alsoCodes []int) bool {
	switch e.Signal {
	case 0:
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGPIPE:
		return true
	default:
		return false
	}
	for _, code := range alsoCodes {
		if e.Code == code {
			return true
		}
	}
	return e.Code == 0
}

// Process is a child of init.
type Process struct {
	Pid int
	// Done is closed once Exit is set.
	Done chan struct{}
	Exit Exit
	// Printed is closed once all that it and its descendants print is in the journal; nil when nothing gets there.
	Printed <-chan struct{}
}

// Spec says what to start.
type Spec struct {
	Args, Env []string
	Dir       string
	// Output gets standard output and error; nil is /dev/null.
	Output *os.File
	// Credential is nil for root.
	Credential *syscall.Credential
}

// Reaper waits for every child of process 1, its own and adopted ones. One exists per machine: nothing else in the
// program may wait for children, since whoever waits first gets the status.
type Reaper struct {
	mu       sync.Mutex
	children map[int]*Process
	changed  chan struct{}
}

// NewReaper begins to reap.
func NewReaper() *Reaper {
	r := &Reaper{children: map[int]*Process{}, changed: make(chan struct{})}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCHLD)
	go func() {
		for range signals {
			r.reap()
		}
	}()
	return r
}

func (r *Reaper) reap() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			break
		}
		if child := r.children[pid]; child != nil {
			child.Exit = Exit{Code: status.ExitStatus()}
			if status.Signaled() {
				child.Exit = Exit{Signal: status.Signal()}
			}
			delete(r.children, pid)
			close(child.Done)
		}
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// Changed gives a channel that is closed when the next process has been reaped.
func (r *Reaper) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// Start runs a program in a session of its own. Its error is the one of execve.
func (r *Reaper) Start(spec Spec) (*Process, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	output := spec.Output
	if output == nil {
		output = null
	}
	// Held over the fork, so that a child that ends at once is known when it is reaped.
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := syscall.ForkExec(spec.Args[0], spec.Args, &syscall.ProcAttr{
		Dir:   spec.Dir,
		Env:   spec.Env,
		Files: []uintptr{null.Fd(), output.Fd(), output.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true, Credential: spec.Credential},
	})
	if err != nil {
		return nil, err
	}
	child := &Process{Pid: pid, Done: make(chan struct{})}
	r.children[pid] = child
	return child, nil
}
