// Package service runs units as systemd's service manager does: one job at a time for each service, start conditions,
// readiness by type, restarts, and the end of all its processes.
package service

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"homelab/lab/machines/guest/journal"
	"homelab/lab/machines/guest/process"
	"homelab/lab/machines/guest/unit"
)

// Host is what services need of their machine.
type Host struct {
	Reaper  *process.Reaper
	Journal *journal.Writer
}

// Service is one loaded unit with its state.
type Service struct {
	host Host
	name string

	// job is held by the one start or stop that runs.
	job sync.Mutex

	mu       sync.Mutex
	unit     *unit.Service
	loadedAt time.Time
	state    state
	// cancel ends the start or the wait for a restart that is under way.
	cancel context.CancelFunc
	starts []time.Time
	main   *process.Process
	notify *notifySocket
}

// state is what `systemctl show` tells.
type state struct {
	active, sub, result, invocation, statusText string
	main                                        process.Exit
	mainPid, execPid, restarts                  int
	exited                                      bool
	execStarted, activeEnter, activeExit        time.Time
	inactiveEnter, changed                      time.Time
}

func newService(host Host, name string, loaded *unit.Service) *Service {
	return &Service{host: host, name: name, unit: loaded, loadedAt: time.Now(),
		state: state{active: "inactive", sub: "dead", result: "success"}}
}

// JobError says that a job did not succeed, by systemd's result (exit-code, signal, timeout, protocol, resources,
// start-limit-hit, canceled).
type JobError struct{ Result string }

func (e *JobError) Error() string { return "job failed: " + e.Result }

func (s *Service) snapshot() (state, *unit.Service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, s.unit
}

func (s *Service) set(change func(*state)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.state.active
	change(&s.state)
	now := time.Now()
	s.state.changed = now
	switch {
	case before == s.state.active:
	case s.state.active == "active" && before != "reloading":
		s.state.activeEnter = now
	case s.state.active == "inactive" || s.state.active == "failed":
		s.state.inactiveEnter = now
	}
	if before == "active" && s.state.active != "active" && s.state.active != "reloading" {
		s.state.activeExit = now
	}
}

// say writes a line of the manager's own into the unit's journal.
func (s *Service) say(format string, args ...any) {
	s.host.Journal.Append(s.name, "systemd", 1, fmt.Sprintf(format, args...))
}

func (s *Service) title(loaded *unit.Service) string {
	if loaded.Description == s.name {
		return s.name
	}
	return s.name + " - " + loaded.Description
}

func newInvocation() string {
	var id [16]byte
	// crypto/rand.Read never fails: it ends the program instead.
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

// beginJob makes the context of a start that Stop can cancel.
func (s *Service) beginJob() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel = cancel
	return ctx, cancel
}

// cancelJob ends a start that is under way and a restart that waits.
func (s *Service) cancelJob() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	}
}

// result names the way in which a process ended, by systemd's words.
func result(exit process.Exit) string {
	if exit.Signal != 0 {
		return "signal"
	}
	return "exit-code"
}

// describe says how a process ended as systemd does in its journal.
func describe(exit process.Exit) string {
	if exit.Signal != 0 {
		return fmt.Sprintf("code=killed, status=%d/%s", int(exit.Signal), signalName(exit.Signal))
	}
	return fmt.Sprintf("code=exited, status=%d/%s", exit.Code, statusName(exit.Code))
}
