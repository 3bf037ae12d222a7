package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/controlplane"
	"homelab/lab/cluster/rke2/etcd"
	"homelab/lab/cluster/rke2/process"
	"homelab/lab/cluster/rke2/supervisor"
	"homelab/lab/cluster/rke2/token"
)

// reset is `rke2 server --cluster-reset`: this node's etcd becomes the only member, of its own
// data or of a snapshot, and rke2 ends with 0 and the request to start without the flag.
// https://docs.rke2.io/datastore/backup_restore
func reset(ctx context.Context, c *config.Config, log *slog.Logger, run *tasks) error {
	s := &server{c: c, log: log, run: run}
	s.member = &etcd.Member{Layout: c.Layout, NodeName: c.NodeName, NodeIP: c.NodeIP, Log: log}
	if err := s.member.CheckReset(); err != nil {
		return err
	}
	if conn, err := net.DialTimeout("tcp", "127.0.0.1:"+supervisor.Port, time.Second); err == nil {
		return errors.Join(errors.New("rke2 server already runs: stop rke2-server before a cluster reset"), conn.Close())
	}
	// What a stopped server left running works on the data that is about to change.
	if err := process.EndLeftovers(c.Layout); err != nil {
		return err
	}
	if conn, err := net.DialTimeout("tcp", "127.0.0.1:2379", time.Second); err == nil {
		return errors.Join(errors.New("another etcd runs on 127.0.0.1:2379: stop it before a cluster reset"), conn.Close())
	}
	if c.RestorePath != "" {
		if err := s.restore(ctx); err != nil {
			return causeOf(ctx, fmt.Errorf("cluster reset: %w", err))
		}
	} else if !s.member.Initialized() {
		return errors.New("cluster reset: this node has no etcd data; give --cluster-reset-restore-path")
	}
	if err := s.resetMembership(ctx); err != nil {
		return causeOf(ctx, fmt.Errorf("cluster reset: %w", err))
	}
	run.stop()
	if err := s.member.FinishReset(); err != nil {
		return err
	}
	log.Info("Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. " +
		"Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes")
	return nil
}

func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// restore replaces the data by the snapshot's, and the authorities by those that it carries.
func (s *server) restore(ctx context.Context) error {
	password, err := keptPassword(s.c.Layout)
	if err != nil {
		return err
	}
	if s.c.Token != "" {
		parsed, err := token.Parse(s.c.Token)
		if err != nil {
			return err
		}
		password = parsed.Password
	}
	if password == "" {
		return errors.New("--token is required to restore a snapshot on a node that has none")
	}
	if err := s.member.Restore(binary("etcdutl"), s.c.RestorePath); err != nil {
		return err
	}
	reading := &tasks{fail: s.run.fail}
	defer reading.stop()
	child := s.newChild("etcd", s.member.RestoredArgs())
	child.MaxFailures, child.Bound = 1, true
	reading.start("etcd", child.Run)
	packed, err := s.member.RestoredBootstrap(ctx, password)
	if err != nil || packed == nil {
		return err
	}
	return certs.Unpack(s.c.Layout, packed)
}

func (s *server) resetMembership(ctx context.Context) error {
	authorities, err := certs.EnsureCluster(s.c.Layout, s.c.SecretsEncryption)
	if err != nil {
		return err
	}
	names := certs.NodeNames{
		NodeName: s.c.NodeName, ClusterDomain: s.c.ClusterDomain,
		SANs: append([]string{"127.0.0.1", "::1", "localhost", s.c.NodeName, s.c.NodeIP}, s.c.TLSSAN...),
	}
	if err := authorities.EnsureServer(s.c.Layout, names); err != nil {
		return err
	}
	args, err := s.member.Args("", false)
	if err != nil {
		return err
	}
	args["force-new-cluster"] = "true"
	rendered, err := controlplane.Merge(args, s.c.EtcdArgs)
	if err != nil {
		return err
	}
	child := s.newChild("etcd", rendered)
	child.MaxFailures, child.Bound = 1, true
	s.run.start("etcd", child.Run)
	return s.member.WaitVoting(ctx)
}
