package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"homelab/lab/machines/guest/process"
	"homelab/lab/machines/guest/unit"
)

// exitError is a process that ended in another way than it should.
type exitError struct{ exit process.Exit }

func (e *exitError) Error() string { return describe(e.exit) }

func (s *Service) environment(loaded *unit.Service) (map[string]string, error) {
	variables, err := loaded.Variables()
	if err != nil {
		return nil, err
	}
	current, _ := s.snapshot()
	variables[process.InvocationVariable] = current.invocation
	variables["HOME"], variables["USER"], variables["LOGNAME"], variables["SHELL"] = "/root", "root", "root", "/bin/sh"
	if current.mainPid > 0 {
		variables["MAINPID"] = strconv.Itoa(current.mainPid)
	}
	if s.notify != nil {
		variables["NOTIFY_SOCKET"] = s.notify.path
	}
	return variables, nil
}

func credential(loaded *unit.Service, variables map[string]string) (*syscall.Credential, error) {
	if loaded.User == "" || loaded.User == "root" {
		return nil, nil
	}
	account, err := user.Lookup(loaded.User)
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.ParseUint(account.Uid, 10, 32)
	gid, _ := strconv.ParseUint(account.Gid, 10, 32)
	if loaded.Group != "" {
		group, err := user.LookupGroup(loaded.Group)
		if err != nil {
			return nil, err
		}
		gid, _ = strconv.ParseUint(group.Gid, 10, 32)
	}
	variables["HOME"], variables["USER"], variables["LOGNAME"] = account.HomeDir, account.Username, account.Username
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// absolute finds a program as systemd does: an absolute path, or a name on the fixed search path.
func absolute(program, searchPath string) (string, error) {
	if filepath.IsAbs(program) {
		return program, nil
	}
	for _, directory := range strings.Split(searchPath, ":") {
		path := filepath.Join(directory, program)
		if _, err := exec.LookPath(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("executable %s not found on %s", program, searchPath)
}

// spawn starts one command of the unit. A program that cannot be run counts as one that ended, as systemd has it.
func (s *Service) spawn(loaded *unit.Service, command unit.Command) (*process.Process, error) {
	variables, err := s.environment(loaded)
	if err != nil {
		return nil, err
	}
	failed := func(code int, reason error) (*process.Process, error) {
		s.say("%s: Failed at step %s spawning %s: %v", s.name, statusName(code), command.Line, reason)
		return nil, &exitError{process.Exit{Code: code}}
	}
	args, err := command.Arguments(variables)
	if err != nil {
		return failed(exitExec, err)
	}
	if args[0], err = absolute(args[0], variables["PATH"]); err != nil {
		return failed(exitExec, err)
	}
	account, err := credential(loaded, variables)
	if err != nil {
		return failed(exitUser, err)
	}
	directory := loaded.WorkingDirectory
	if directory == "" {
		directory = "/"
	}
	if optional, found := strings.CutPrefix(directory, "-"); found {
		directory = optional
		if _, err := os.Stat(directory); err != nil {
			directory = "/"
		}
	}
	if info, err := os.Stat(directory); err != nil || !info.IsDir() {
		return failed(exitChdir, fmt.Errorf("%s is not a directory", directory))
	}
	return s.fork(loaded, process.Spec{Args: args, Env: list(variables), Dir: directory, Credential: account}, failed)
}

func (s *Service) fork(loaded *unit.Service, spec process.Spec,
	failed func(int, error) (*process.Process, error)) (*process.Process, error) {
	if loaded.Silent {
		child, err := s.host.Reaper.Start(spec)
		if err != nil {
			return failed(exitExec, err)
		}
		return child, nil
	}
	ident := loaded.Identifier
	if ident == "" {
		ident = filepath.Base(spec.Args[0])
	}
	output, err := s.host.Journal.Pipe(s.name, ident)
	if err != nil {
		return nil, err
	}
	defer output.File.Close()
	spec.Output = output.File
	child, err := s.host.Reaper.Start(spec)
	if err != nil {
		output.SetPid(0)
		return failed(exitExec, err)
	}
	output.SetPid(child.Pid)
	child.Printed = output.Done
	return child, nil
}

// printLimit bounds the wait for the last lines of a process, whose descendants may go on printing.
var printLimit = 200 * time.Millisecond

// awaitLines waits until the last lines of a process that has ended are in the journal, so that whoever is told of
// its end finds there why.
func awaitLines(ended *process.Process) {
	if ended.Printed == nil {
		return
	}
	select {
	case <-ended.Printed:
	case <-time.After(printLimit):
	}
}

func list(variables map[string]string) []string {
	all := make([]string, 0, len(variables))
	for name, value := range variables {
		all = append(all, name+"="+value)
	}
	return all
}

// control runs commands one after the other, each to its end; the first failure that the unit does not ignore ends it.
func (s *Service) control(ctx context.Context, loaded *unit.Service, commands []unit.Command) error {
	for _, command := range commands {
		err := s.runToEnd(ctx, loaded, command)
		var ended *exitError
		if errors.As(err, &ended) && command.IgnoreFailure {
			continue
		}
		if err != nil {
			if ended != nil {
				s.say("%s: Control process exited, %s", s.name, describe(ended.exit))
			}
			return err
		}
	}
	return nil
}

func (s *Service) runToEnd(ctx context.Context, loaded *unit.Service, command unit.Command) error {
	child, err := s.spawn(loaded, command)
	if err != nil {
		return err
	}
	select {
	case <-child.Done:
		awaitLines(child)
		if child.Exit.Signal != 0 || !child.Exit.Clean(loaded.SuccessExitStatus) {
			return &exitError{child.Exit}
		}
		return nil
	case <-ctx.Done():
		current, _ := s.snapshot()
		if err := process.Signal(process.Members(current.invocation, child.Pid), syscall.SIGKILL); err != nil {
			s.say("%s: Failed to kill control process: %v", s.name, err)
		}
		<-child.Done
		return ctx.Err()
	}
}

// withLimit is context.WithTimeout where unit.Infinity means none.
func withLimit(parent context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit == unit.Infinity {
		return context.WithCancel(parent)
	}
	return context.WithTimeout(parent, limit)
}
