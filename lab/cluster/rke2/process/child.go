// Package process keeps child processes running: etcd and the Kubernetes components, which
// RKE2 runs as static pods.
package process

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"homelab/lab/cluster/rke2/layout"
)

const (
	firstDelay = 250 * time.Millisecond
	maxDelay   = 5 * time.Second
	// A child that lived this long counts as healthy: its next failure is its first.
	healthy   = 20 * time.Second
	stopGrace = 8 * time.Second
	maxLog    = 16 << 20
)

// Child is one process that is started again when it ends.
type Child struct {
	Name   string
	Path   string
	Args   []string
	Layout layout.Layout
	Node   string
	// PodLogs is where the log is also shown as a static pod's would be; empty for nowhere.
	PodLogs string
	// MaxFailures ends Run after that many quick failures in a row; 0 means never.
	MaxFailures int
	Log         *slog.Logger
	// Restart ends the process once per value, to be started again at once; may be nil.
	Restart chan struct{}
}

var errRestart = errors.New("asked to start again")

// Run keeps the child alive until ctx ends, then stops it: SIGTERM, and SIGKILL after 8 s.
// It returns an error only when the child cannot run (see MaxFailures).
func (c *Child) Run(ctx context.Context) error {
	delay, failures := firstDelay, 0
	for {
		started := time.Now()
		offset, err := c.once(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, errRestart) {
			continue
		}
		if time.Since(started) > healthy {
			delay, failures = firstDelay, 0
		}
		failures++
		cause := Cause(c.Layout.ChildLog(c.Name), offset)
		c.Log.Error(fmt.Sprintf("%s exited: %v: %s", c.Name, err, cause))
		if c.MaxFailures > 0 && failures >= c.MaxFailures {
			return fmt.Errorf("%s cannot run: %v: %s", c.Name, err, cause)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(delay):
		}
		delay = min(delay*2, maxDelay)
	}
}

func (c *Child) once(ctx context.Context) (offset int64, err error) {
	log, offset, err := c.openLog()
	if err != nil {
		return 0, err
	}
	defer log.Close()
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Stdout, cmd.Stderr = log, log
	// Several machines share the memory of one: a tighter collector trades a little CPU for
	// about a third of the components' memory.
	// etcd would itself report the unit ready on a socket that it inherits.
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "NOTIFY_SOCKET=")
	}), "GOGC=60")
	// A group of its own keeps a terminal's Ctrl-C from reaching the children before us.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Log.Info("Running " + c.Name + " " + strings.Join(c.Args, " "))
	if err := cmd.Start(); err != nil {
		return offset, err
	}
	pid := c.Layout.ChildPid(c.Name)
	if err := writePid(pid, cmd.Process.Pid); err != nil {
		return offset, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = stop(cmd.Process, done)
	case <-c.Restart:
		err = errors.Join(errRestart, stop(cmd.Process, done))
	}
	if removeErr := os.Remove(pid); err == nil {
		err = removeErr
	}
	if err == nil {
		err = errors.New("exit status 0")
	}
	return offset, err
}

func stop(process *os.Process, done <-chan error) error {
	if err := process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-time.After(stopGrace):
		if err := process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		return <-done
	}
}

func (c *Child) openLog() (*os.File, int64, error) {
	path := c.Layout.ChildLog(c.Name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, 0, err
	}
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, 0, err
		}
	}
	if err := c.linkPodLog(path); err != nil {
		return nil, 0, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

// linkPodLog shows the log where a static pod's would be.
func (c *Child) linkPodLog(path string) error {
	if c.PodLogs == "" {
		return nil
	}
	dir := filepath.Join(c.PodLogs, fmt.Sprintf("kube-system_%s-%s_static", c.Name, c.Node), c.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	err := os.Symlink(path, filepath.Join(dir, "0.log"))
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

func writePid(path string, pid int) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(strconv.Itoa(pid)), 0o644)
}
