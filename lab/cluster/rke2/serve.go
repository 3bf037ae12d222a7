package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"

	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/process"
	"homelab/lab/machines/notify"
)

var errSignal = errors.New("stopped by a signal")

// part is a node's role: start returns once the node is ready, its work goes on in tasks.
type part interface {
	start(ctx context.Context, run *tasks) error
}

// The processes of each role; what else an earlier rke2 left running is ended.
var (
	agentChildren  = []string{"kubelet"}
	serverChildren = append([]string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}, agentChildren...)
)

// serve starts a node, tells systemd when it is ready, and stops it on SIGTERM or SIGINT. As with
// the containers of a real node, the control plane and the pods go on running; the next rke2
// takes them over.
func serve(c *config.Config, log *slog.Logger) error {
	signals, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx, fail := context.WithCancelCause(context.Background())
	defer context.AfterFunc(signals, func() { fail(errSignal) })()
	run := &tasks{fail: fail}
	defer run.stop()

	var node part
	children := serverChildren
	switch {
	case c.Role == config.Agent:
		node, children = &agent{c: c, log: log}, agentChildren
	case c.ClusterReset:
		return reset(ctx, c, log, run)
	default:
		node = &server{c: c, log: log}
	}
	if err := process.EndLeftovers(c.Layout, children...); err != nil {
		return err
	}
	if err := checkDisk(c, log); err != nil {
		return fmt.Errorf("starting kubernetes: preparing node: %w", err)
	}
	if err := node.start(ctx, run); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		if errors.Is(err, errSignal) {
			return nil
		}
		return err
	}
	if err := notify.Send("READY=1"); err != nil {
		return err
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, errSignal) {
		return cause
	}
	log.Info("Stopping rke2")
	if err := notify.Send("STOPPING=1"); err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	return nil
}
