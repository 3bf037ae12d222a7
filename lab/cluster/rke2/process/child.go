// Package process keeps a node's processes running: etcd and the Kubernetes components, which RKE2
// runs as static pods, and the kubelet with the pods. As containers do, they outlive rke2: the next
// one takes over those that are still what it would start.
package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"slices"
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
	// Files are read by the process only when it starts: when their content has changed, a
	// process that still runs is ended and started anew.
	Files []string
	// FirstOnly are prefixes of arguments that only matter to a first start, so that a process
	// that runs with other ones is taken over all the same.
	FirstOnly []string
	// Reload is sent to a process that is taken over, to have it read again what it follows;
	// 0 for nothing.
	Reload syscall.Signal
	// Bound ends the process with Run's context; other ones are left running.
	Bound bool
	// MaxFailures ends Run after that many quick failures in a row; 0 means never.
	MaxFailures int
	Log         *slog.Logger
	// Restart ends the process once per value, to be started again at once; may be nil.
	Restart chan struct{}
	// kept is a process that was taken over, until Run waits for it.
	kept *running
	from int64
}

var errRestart = errors.New("asked to start again")

// TakeOver finds the child that an earlier rke2 left running: Run keeps it if it is what c would
// start, and otherwise it has ended when TakeOver returns, so that nobody takes its answers for those
// of the next one. Without this call Run does the same.
func (c *Child) TakeOver() (err error) {
	if c.kept == nil {
		c.kept, c.from, err = c.takeOver()
	}
	return err
}

// Run takes over the child that an earlier rke2 left running, or starts it, and keeps it alive
// until ctx ends. Then the process is left running, unless it is Bound: that is ended by SIGTERM,
// and SIGKILL after 8 s. An error says that the child cannot run (see MaxFailures).
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

// once runs the process until it ends or ctx does. offset is where its own part of the log begins.
func (c *Child) once(ctx context.Context) (offset int64, err error) {
	if err := c.TakeOver(); err != nil {
		return 0, err
	}
	child, offset := c.kept, c.from
	c.kept = nil
	if child == nil {
		if child, offset, err = c.launch(); err != nil {
			return offset, err
		}
	}
	defer child.close()
	select {
	case <-child.done:
		err = child.err
	case <-ctx.Done():
		if !c.Bound {
			return offset, nil
		}
		err = child.stop()
	case <-c.Restart:
		err = errors.Join(errRestart, child.stop())
	}
	if removeErr := os.Remove(c.Layout.ChildPid(c.Name)); err == nil {
		err = removeErr
	}
	if err == nil {
		err = errors.New("exit status 0")
	}
	return offset, err
}

// takeOver returns the process that still runs as c would start it, or nil; one that runs
// otherwise is ended.
func (c *Child) takeOver() (*running, int64, error) {
	child, kept, err := find(c.Layout.ChildPid(c.Name))
	if err != nil || child == nil {
		return nil, 0, err
	}
	identity, err := c.identity()
	if err == nil && kept == identity && !c.Bound {
		c.Log.Info(fmt.Sprintf("Keeping %s, which runs as process %d", c.Name, child.pid))
		if c.Reload != 0 {
			err = child.signal(c.Reload)
		}
		size := int64(0)
		if info, statErr := os.Stat(c.Layout.ChildLog(c.Name)); statErr == nil {
			size = info.Size()
		}
		if err == nil {
			return child, size, nil
		}
	}
	defer child.close()
	if err != nil {
		return nil, 0, err
	}
	c.Log.Info("Stopping " + c.Name + ", which runs with other settings")
	return nil, 0, child.stop()
}

func (c *Child) launch() (*running, int64, error) {
	identity, err := c.identity()
	if err != nil {
		return nil, 0, err
	}
	log, offset, err := c.openLog()
	if err != nil {
		return nil, 0, err
	}
	defer log.Close()
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Stdout, cmd.Stderr = log, log
	// Many machines share few processors: the collector works seldom, but as often as it must where a process has grown. The one
	// apiserver that most clients have come to holds 400 MiB, at which a limit of twice that has it collect all the time.
	// etcd would itself report the unit ready on a socket that it inherits.
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "NOTIFY_SOCKET=")
	}), "GOGC=200", "GOMEMLIMIT=1280MiB")
	// A session of its own: neither a terminal's Ctrl-C nor the end of rke2 reaches the process.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	c.Log.Info("Running " + c.Name + " " + strings.Join(c.Args, " "))
	if err := cmd.Start(); err != nil {
		return nil, offset, err
	}
	child, err := own(cmd)
	if err == nil {
		err = child.record(c.Layout.ChildPid(c.Name), identity)
	}
	if err != nil {
		return nil, offset, errors.Join(err, cmd.Process.Kill())
	}
	return child, offset, nil
}
