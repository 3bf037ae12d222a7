package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/controlplane"
	"homelab/lab/cluster/rke2/etcd"
	"homelab/lab/cluster/rke2/process"
	"homelab/lab/cluster/rke2/s3"
	"homelab/lab/cluster/rke2/supervisor"
	"homelab/lab/cluster/rke2/token"
)

// reset is `rke2 server --cluster-reset`: this node's etcd becomes the only member, of its own
// data or of a snapshot, and rke2 ends with 0 and the request to start without the flag.
// https://docs.rke2.io/datastore/backup_restore
func reset(ctx context.Context, c *config.Config, log *slog.Logger, run *tasks) error {
	s := &server{c: c, log: log, run: run}
	s.member = &etcd.Member{Layout: c.Layout, NodeName: c.NodeName, NodeIP: c.NodeIP, Log: log}
	if c.Server != "" {
		return errors.New("cannot perform cluster-reset while server URL is set - remove server from configuration before resetting")
	}
	// A restore is not held up by an earlier reset.
	if c.RestorePath == "" {
		if err := s.member.CheckReset(); err != nil {
			return err
		}
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
		return errors.New(s.c.Layout.Server("token") + " does not exist, please pass --token to complete the restoration")
	}
	snapshot, err := s.fetched(ctx)
	if err != nil {
		return err
	}
	if err := s.member.Restore(binary("etcdutl"), snapshot); err != nil {
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

// fetched is the path of the snapshot to restore, which lies in S3 where that is enabled. The Secret with its settings is in
// the cluster, which does not run.
func (s *server) fetched(ctx context.Context) (string, error) {
	store := s.c.Snapshots.S3
	if store == nil {
		return s.c.RestorePath, nil
	}
	if store.ConfigSecret != "" && !store.Set() {
		return "", errors.New("cannot use S3 config secret when restoring snapshot; configuration must be set in CLI or config file")
	}
	s.log.Info(fmt.Sprintf("Retrieving etcd snapshot %s from S3", s.c.RestorePath))
	client, err := s3.New(ctx, *store)
	if err != nil {
		return "", fmt.Errorf("failed to initialize S3 client: %w", err)
	}
	if err := os.MkdirAll(s.c.Snapshots.Dir, 0o700); err != nil {
		return "", err
	}
	path, err := client.Download(ctx, s.c.RestorePath, s.c.Snapshots.Dir)
	if err != nil {
		return "", fmt.Errorf("failed to download snapshot from S3: %w", err)
	}
	s.log.Info("S3 download complete for " + path)
	return path, nil
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
