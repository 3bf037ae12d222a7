package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"syscall"
	"time"

	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/layout"
	"homelab/lab/cluster/rke2/process"
	"homelab/lab/cluster/rootdisk"
)

// diskLook is how often a running server looks whether its disk still takes etcd's log.
const diskLook = time.Second

// checkDisk refuses to start on a full disk. A server's etcd ends with it, which cannot write its log,
// and so do the components that live from it: their pods' liveness probes fail.
func checkDisk(c *config.Config, log *slog.Logger) error {
	path := c.Layout.Agent("etc", "rke2-agent-load-balancer.json")
	if c.Role == config.Server {
		path = walFile(c.Layout)
	}
	err := rootdisk.Write(rootdisk.Condition, path)
	if err == nil || c.Role != config.Server || !errors.Is(err, syscall.ENOSPC) {
		return err
	}
	log.Error("etcd: failed to save Raft hard state and entries: " + err.Error())
	return errors.Join(err, process.EndLeftovers(c.Layout, "kubelet"))
}

// watchDisk ends the server once its etcd could no longer write.
func (s *server) watchDisk(ctx context.Context) error {
	ticker := time.NewTicker(diskLook)
	defer ticker.Stop()
	for {
		if err := rootdisk.Write(rootdisk.Condition, walFile(s.c.Layout)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func walFile(l layout.Layout) string { return filepath.Join(l.EtcdDir(), "member", "wal", "0.tmp") }
