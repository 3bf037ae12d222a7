package service

import (
	"context"
	"syscall"
	"time"

	"homelab/lab/machines/guest/process"
	"homelab/lab/machines/guest/unit"
)

// Stop ends the service and its processes as KillMode= says. A start that is under way is cancelled.
func (s *Service) Stop() {
	s.cancelJob()
	s.job.Lock()
	defer s.job.Unlock()
	s.cancelJob()
	current, loaded := s.snapshot()
	if current.active == "activating" {
		s.set(func(st *state) { st.active, st.sub = "inactive", "dead" })
		return
	}
	if current.active != "active" && current.active != "reloading" {
		return
	}
	s.say("Stopping %s...", s.title(loaded))
	s.set(func(st *state) { st.active, st.sub = "deactivating", "stop" })
	ctx, done := withLimit(context.Background(), loaded.TimeoutStop)
	// A stop command that fails is in the journal; the processes are ended all the same.
	_ = s.control(ctx, loaded, loaded.Stop)
	done()
	main := s.main
	timedOut := s.endProcesses(loaded)
	s.afterEnd(loaded)
	switch {
	case timedOut:
		s.fail("timeout", loaded)
	case main != nil && !alive(main) && !main.Exit.Clean(loaded.SuccessExitStatus) && main.Exit.Signal != killSignal(loaded):
		s.fail(result(main.Exit), loaded)
	default:
		s.set(func(st *state) { st.active, st.sub, st.result = "inactive", "dead", "success" })
		s.say("%s: Deactivated successfully.", s.name)
	}
	s.say("Stopped %s.", s.title(loaded))
}

func killSignal(loaded *unit.Service) syscall.Signal { return SignalNumber(loaded.KillSignal) }

// endProcesses ends what KillMode= covers and waits for it; true when that took SIGKILL.
func (s *Service) endProcesses(loaded *unit.Service) (timedOut bool) {
	if loaded.KillMode == "none" {
		return false
	}
	main := s.main
	first := func() []int {
		if main != nil && alive(main) {
			return []int{main.Pid}
		}
		return nil
	}
	covered := first
	if loaded.KillMode == "control-group" || loaded.KillMode == "mixed" {
		covered = func() []int {
			// A main process that has ended is no member, but its end is not known before it has been reaped.
			if members := s.members(); len(members) > 0 {
				return members
			}
			return first()
		}
	}
	targets := first()
	if loaded.KillMode == "control-group" {
		targets = covered()
	}
	s.signal(targets, killSignal(loaded))
	if loaded.KillMode == "mixed" {
		timedOut = !s.awaitGone(first, loaded.TimeoutStop)
		s.signal(covered(), syscall.SIGKILL)
		s.awaitGone(covered, time.Minute)
	} else if !s.awaitGone(covered, loaded.TimeoutStop) {
		timedOut = true
		s.say("%s: State 'stop-sigterm' timed out. Killing.", s.name)
		if loaded.SendSIGKILL {
			s.signal(covered(), syscall.SIGKILL)
			s.awaitGone(covered, time.Minute)
		}
	}
	if main != nil && !alive(main) {
		s.mainExited(main)
	}
	if left := s.members(); loaded.KillMode == "process" && len(left) > 0 {
		s.say("%s: Unit process %d (and %d more) remains running after unit stopped.", s.name, left[0], len(left)-1)
	}
	return timedOut
}

func alive(p *process.Process) bool {
	select {
	case <-p.Done:
		return false
	default:
		return true
	}
}

func (s *Service) signal(pids []int, signal syscall.Signal) {
	if err := process.Signal(pids, signal); err != nil {
		s.say("%s: Failed to send SIG%s: %v", s.name, signalName(signal), err)
	}
}

// awaitGone waits until the processes are gone; false when the limit passes first.
func (s *Service) awaitGone(pids func() []int, limit time.Duration) bool {
	var expired <-chan time.Time
	if limit != unit.Infinity {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		expired = timer.C
	}
	// Init learns only of its own children's ends; those that a living parent reaps are looked for.
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		changed := s.host.Reaper.Changed()
		if len(pids()) == 0 {
			return true
		}
		select {
		case <-changed:
		case <-look.C:
		case <-expired:
			return false
		}
	}
}

func (s *Service) closeNotify() {
	if s.notify != nil {
		s.notify.close()
		s.notify = nil
	}
}

// afterEnd runs ExecStopPost= and lets go of what belonged to the run. A main process that KillMode= has spared is
// the service's no longer: its end restarts nothing.
func (s *Service) afterEnd(loaded *unit.Service) {
	ctx, done := withLimit(context.Background(), loaded.TimeoutStop)
	defer done()
	// A failure is in the journal and changes nothing any more.
	_ = s.control(ctx, loaded, loaded.StopPost)
	s.closeNotify()
	s.main = nil
	s.set(func(st *state) { st.mainPid = 0 })
}

func (s *Service) wantsRestart(loaded *unit.Service, why string) bool {
	switch loaded.Restart {
	case "always":
		return true
	case "on-success":
		return why == "success"
	case "on-failure":
		return why != "success"
	case "on-abnormal":
		return why != "success" && why != "exit-code"
	case "on-abort":
		return why == "signal" || why == "core-dump"
	}
	return false
}

// restartLater plans the next start when the unit asks for one; Stop cancels it.
func (s *Service) restartLater(loaded *unit.Service, why string) {
	if why == "start-limit-hit" || !s.wantsRestart(loaded, why) {
		return
	}
	s.set(func(st *state) { st.active, st.sub = "activating", "auto-restart" })
	ctx, cancel := s.beginJob()
	go func() {
		timer := time.NewTimer(loaded.RestartSec)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		s.job.Lock()
		defer s.job.Unlock()
		if ctx.Err() != nil {
			return
		}
		cancel()
		s.set(func(st *state) { st.restarts++ })
		current, _ := s.snapshot()
		s.say("%s: Scheduled restart job, restart counter is at %d.", s.name, current.restarts)
		// Its failure is in the journal and, where the unit asks for it, leads to the next restart.
		_ = s.start()
	}()
}
