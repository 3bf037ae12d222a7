package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"homelab/lab/machines/guest/process"
	"homelab/lab/machines/guest/unit"
)

// Start brings the service up and returns once it is, by its type's meaning of "up".
// Its error is a *JobError when the service did not come up; a unit whose condition fails stays down without one.
func (s *Service) Start() error {
	s.job.Lock()
	defer s.job.Unlock()
	current, _ := s.snapshot()
	if current.active == "active" || current.active == "reloading" {
		return nil
	}
	s.cancelJob()
	s.set(func(st *state) { st.restarts = 0 })
	return s.start()
}

func conditionMet(condition string) bool {
	path, negated := strings.CutPrefix(strings.TrimPrefix(condition, "|"), "!")
	found, err := filepath.Glob(path)
	return (err == nil && len(found) > 0) != negated
}

// start runs with the job held.
func (s *Service) start() error {
	_, loaded := s.snapshot()
	for _, condition := range loaded.Conditions {
		if !conditionMet(condition) {
			s.say("%s was skipped because of an unmet condition check (ConditionPathExists=%s).", s.title(loaded), condition)
			s.set(func(st *state) { st.active, st.sub = "inactive", "dead" })
			return nil
		}
	}
	if !s.withinStartLimit(loaded) {
		s.say("%s: Start request repeated too quickly.", s.name)
		s.fail("start-limit-hit", loaded)
		return &JobError{"start-limit-hit"}
	}
	jobContext, cancel := s.beginJob()
	defer cancel()
	ctx, done := withLimit(jobContext, loaded.TimeoutStart)
	defer done()
	s.set(func(st *state) {
		st.active, st.sub, st.result, st.statusText = "activating", "start-pre", "success", ""
		st.invocation, st.mainPid, st.exited, st.main = newInvocation(), 0, false, process.Exit{}
	})
	s.say("Starting %s...", s.title(loaded))
	err := s.bringUp(ctx, loaded)
	if err == nil {
		s.say("%s %s.", map[bool]string{true: "Finished", false: "Started"}[loaded.Type == "oneshot"], s.title(loaded))
		return nil
	}
	if errors.Is(err, errSkipped) {
		return s.skipped(loaded)
	}
	return s.startFailed(jobContext, ctx, loaded, err)
}

// withinStartLimit counts a start and says whether the unit's limit still allows it.
func (s *Service) withinStartLimit(loaded *unit.Service) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if loaded.StartLimitInterval == 0 || loaded.StartLimitBurst == 0 {
		return true
	}
	var recent []time.Time
	for _, at := range s.starts {
		if loaded.StartLimitInterval == unit.Infinity || time.Since(at) < loaded.StartLimitInterval {
			recent = append(recent, at)
		}
	}
	s.starts = append(recent, time.Now())
	return len(recent) < loaded.StartLimitBurst
}

func (s *Service) bringUp(ctx context.Context, loaded *unit.Service) error {
	for parent, names := range map[string][]string{"/run": loaded.RuntimeDirectories, "/var/lib": loaded.StateDirectories} {
		for _, name := range names {
			if err := os.MkdirAll(filepath.Join(parent, name), 0o755); err != nil {
				return err
			}
		}
	}
	current, _ := s.snapshot()
	if loaded.NotifyAccess != "none" {
		socket, err := s.openNotify(current.invocation, loaded.NotifyAccess)
		if err != nil {
			return fmt.Errorf("notify socket: %w", err)
		}
		s.notify = socket
	}
	for _, condition := range loaded.Condition {
		if err := s.condition(ctx, loaded, condition); err != nil {
			return err
		}
	}
	if err := s.control(ctx, loaded, loaded.StartPre); err != nil {
		return err
	}
	s.set(func(st *state) { st.sub = "start" })
	if loaded.Type == "oneshot" {
		return s.runOneshot(ctx, loaded)
	}
	main, err := s.spawnMain(loaded)
	if err != nil {
		return err
	}
	if s.notify != nil {
		go s.receive(s.notify)
	}
	if loaded.Type == "notify" {
		select {
		case <-s.notify.ready:
		case <-main.Done:
			s.mainExited(main)
			if main.Exit.Clean(loaded.SuccessExitStatus) {
				return &JobError{"protocol"}
			}
			return &exitError{main.Exit}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := s.control(ctx, loaded, loaded.StartPost); err != nil {
		return err
	}
	s.set(func(st *state) { st.active, st.sub = "active", "running" })
	go s.watch(main)
	return nil
}

// errSkipped is a start that a command of ExecCondition= called off.
var errSkipped = errors.New("skipped")

// condition runs one command of ExecCondition=: 1 to 254 call the start off without a failure, 255 and a signal are
// failures (systemd.service(5)).
func (s *Service) condition(ctx context.Context, loaded *unit.Service, command unit.Command) error {
	err := s.runToEnd(ctx, loaded, command)
	var ended *exitError
	if !errors.As(err, &ended) || command.IgnoreFailure {
		if ended != nil {
			return nil
		}
		return err
	}
	s.say("%s: Control process exited, %s", s.name, describe(ended.exit))
	if ended.exit.Signal == 0 && ended.exit.Code != 255 {
		return errSkipped
	}
	return err
}

func (s *Service) runOneshot(ctx context.Context, loaded *unit.Service) error {
	if err := s.control(ctx, loaded, loaded.Start); err != nil {
		return err
	}
	if err := s.control(ctx, loaded, loaded.StartPost); err != nil {
		return err
	}
	s.closeNotify()
	s.set(func(st *state) {
		st.active, st.sub = "inactive", "dead"
		if loaded.RemainAfterExit {
			st.active, st.sub = "active", "exited"
		}
	})
	return nil
}

func (s *Service) spawnMain(loaded *unit.Service) (*process.Process, error) {
	main, err := s.spawn(loaded, loaded.Start[0])
	var ended *exitError
	if errors.As(err, &ended) {
		s.set(func(st *state) { st.main, st.exited = ended.exit, true })
		s.say("%s: Main process exited, %s", s.name, describe(ended.exit))
	}
	if err != nil {
		return nil, err
	}
	s.main = main
	s.set(func(st *state) { st.mainPid, st.execPid, st.execStarted = main.Pid, main.Pid, time.Now() })
	return main, nil
}

// mainExited records the end of the main process.
func (s *Service) mainExited(main *process.Process) {
	s.main = nil
	awaitLines(main)
	s.set(func(st *state) { st.mainPid, st.main, st.exited = 0, main.Exit, true })
	if main.Exit.Signal != 0 || main.Exit.Code != 0 {
		s.say("%s: Main process exited, %s", s.name, describe(main.Exit))
	}
}

// skipped leaves the unit down: whoever asked for the start is told of no failure, and Restart= does not apply
// (service_enter_dead in systemd's src/core/service.c; check_wait_response in src/shared/bus-wait-for-jobs.c).
func (s *Service) skipped(loaded *unit.Service) error {
	s.endProcesses(loaded)
	s.afterEnd(loaded)
	s.say("%s: Skipped due to 'exec-condition'.", s.name)
	s.say("Condition check resulted in %s being skipped.", s.title(loaded))
	s.set(func(st *state) { st.active, st.sub, st.result = "inactive", "dead", "exec-condition" })
	return nil
}

func (s *Service) startFailed(job, limited context.Context, loaded *unit.Service, err error) error {
	why := "resources"
	var ended *exitError
	var failed *JobError
	switch {
	case job.Err() != nil:
		why = "canceled"
	case limited.Err() != nil:
		why = "timeout"
		s.say("%s: start operation timed out. Terminating.", s.name)
	case errors.As(err, &ended):
		why = result(ended.exit)
	case errors.As(err, &failed):
		why = failed.Result
	default:
		s.say("%s: Failed to run 'start' task: %v", s.name, err)
	}
	s.endProcesses(loaded)
	s.afterEnd(loaded)
	if why == "canceled" {
		s.set(func(st *state) { st.active, st.sub = "inactive", "dead" })
		return &JobError{why}
	}
	s.fail(why, loaded)
	s.restartLater(loaded, why)
	return &JobError{why}
}

// fail puts the unit into its failed state.
func (s *Service) fail(why string, loaded *unit.Service) {
	wasStarting := false
	s.set(func(st *state) {
		wasStarting = st.active == "activating"
		st.active, st.sub, st.result = "failed", "failed", why
	})
	s.say("%s: Failed with result '%s'.", s.name, why)
	if wasStarting || why == "start-limit-hit" {
		s.say("Failed to start %s.", s.title(loaded))
	}
}

// watch waits for the end of a running service's main process.
func (s *Service) watch(main *process.Process) {
	<-main.Done
	s.job.Lock()
	defer s.job.Unlock()
	if s.main != main {
		// A stop has dealt with it.
		return
	}
	_, loaded := s.snapshot()
	s.mainExited(main)
	s.set(func(st *state) { st.active, st.sub = "deactivating", "stop-sigterm" })
	s.endProcesses(loaded)
	s.afterEnd(loaded)
	why := "success"
	if main.Exit.Clean(loaded.SuccessExitStatus) {
		s.set(func(st *state) { st.active, st.sub, st.result = "inactive", "dead", "success" })
		s.say("%s: Deactivated successfully.", s.name)
	} else {
		why = result(main.Exit)
		if main.Exit.Signal == syscall.SIGABRT || main.Exit.Signal == syscall.SIGSEGV {
			why = "core-dump"
		}
		s.fail(why, loaded)
	}
	s.restartLater(loaded, why)
}
