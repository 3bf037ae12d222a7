package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/signal"
	"syscall"

	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/notify"
	"homelab/lab/cluster/rke2/process"
)

var errSignal = errors.New("stopped by a signal")

// part is a node's role: start returns once the node is ready, its work goes on in tasks.
type part interface {
	start(ctx context.Context, run *tasks) error
}

// serve starts a node, tells systemd when it is ready, and stops it on SIGTERM or SIGINT. The
// children stop with rke2: real static pods live on, but nothing here would take them over.
func serve(c *config.Config, log *slog.Logger) error {
	signals, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx, fail := context.WithCancelCause(context.Background())
	defer context.AfterFunc(signals, func() { fail(errSignal) })()
	if err := process.EndLeftovers(c.Layout); err != nil {
		return err
	}
	run := &tasks{fail: fail}
	defer run.stop()

	var node part
	switch {
	case c.Role == config.Agent:
		node = &agent{c: c, log: log}
	case c.ClusterReset:
		return reset(ctx, c, log, run)
	default:
		node = &server{c: c, log: log}
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
