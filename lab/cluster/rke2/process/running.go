package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// running is a live process, held by a pidfd so that its id cannot come to mean another one.
type running struct {
	pid     int
	fd      int
	started string
	// done is closed when the process has ended, with err set for a process of our own that failed.
	done chan struct{}
	err  error
}

// own holds a process that was just started.
func own(cmd *exec.Cmd) (*running, error) {
	r, err := hold(cmd.Process.Pid)
	if err != nil {
		return nil, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	go func() {
		r.err = cmd.Wait()
		close(r.done)
	}()
	return r, nil
}

// find returns the process that a pid file names, with the identity it was started with, or nil
// when it has ended. The file stays, because it may already be that of a next process.
func find(path string) (*running, string, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	// A file that is cut short names nothing.
	lines := append(strings.Fields(string(content)), "", "", "")
	pid, err := strconv.Atoi(lines[0])
	if err != nil {
		return nil, "", nil
	}
	r, err := hold(pid)
	if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EINVAL) || errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("process %d of %s: %w", pid, path, err)
	}
	if r.started != lines[1] {
		return nil, "", unix.Close(r.fd)
	}
	go r.await()
	return r, lines[2], nil
}

func hold(pid int) (*running, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, err
	}
	started, err := startTime(pid)
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return &running{pid: pid, fd: fd, started: started, done: make(chan struct{})}, nil
}

// startTime is the process's start in clock ticks since the system's, field 22 of proc_pid_stat(5);
// with the id it tells a process from a later one of the same id.
func startTime(pid int) (string, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	// The program's name, in parentheses, may hold spaces: fields are counted from behind it.
	fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
	if len(fields) < 20 {
		return "", fmt.Errorf("/proc/%d/stat: %q has no start time", pid, content)
	}
	return fields[19], nil
}

// await closes done when a process that is no child of ours ends: its pidfd becomes readable.
func (r *running) await() {
	fds := []unix.PollFd{{Fd: int32(r.fd), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, -1)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		r.err = errors.Join(errors.New("ended"), err)
		close(r.done)
		return
	}
}

// record writes the pid file: process id, start time and identity, a line each.
func (r *running) record(path, identity string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	content := fmt.Sprintf("%d\n%s\n%s\n", r.pid, r.started, identity)
	temporary := path + ".new"
	if err := os.WriteFile(temporary, []byte(content), 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

func (r *running) signal(signal syscall.Signal) error {
	err := unix.PidfdSendSignal(r.fd, signal, nil, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

// stop ends the process by SIGTERM, and SIGKILL after 8 s. How it ended is in r.err.
func (r *running) stop() error {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := r.signal(signal); err != nil {
			return err
		}
		select {
		case <-r.done:
			return nil
		case <-time.After(stopGrace):
		}
	}
	return fmt.Errorf("process %d does not end, not even by SIGKILL", r.pid)
}

// close lets go of the process once it has ended; while it runs, something still waits on the pidfd.
func (r *running) close() {
	select {
	case <-r.done:
		// There is nothing left to signal, and a pidfd that cannot be closed harms nobody.
		_ = unix.Close(r.fd)
	default:
	}
}
