package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/controlplane"
	"homelab/lab/cluster/rke2/etcd"
	"homelab/lab/cluster/rke2/layout"
	"homelab/lab/cluster/rke2/node"
	"homelab/lab/cluster/rke2/process"
	"homelab/lab/cluster/rke2/supervisor"
)

// server is `rke2 server`.
type server struct {
	c           *config.Config
	log         *slog.Logger
	run         *tasks
	password    string // of the node
	secret      secret // the cluster's tokens
	join        *supervisor.Client
	authorities *certs.Cluster
	member      *etcd.Member
	supervisor  *supervisor.Server
}

func (s *server) start(ctx context.Context, run *tasks) error {
	s.run = run
	s.member = &etcd.Member{Layout: s.c.Layout, NodeName: s.c.NodeName, NodeIP: s.c.NodeIP, Log: s.log}
	for _, step := range []struct {
		context string
		do      func(context.Context) error
	}{
		{"starting kubernetes: preparing server: failed to bootstrap cluster data", s.bootstrap},
		{"starting kubernetes: preparing server", s.prepare},
		{"starting kubernetes: preparing server: failed to start managed database", s.startEtcd},
		{"starting kubernetes: apiserver", s.startAPIServer},
		{"starting kubernetes", s.startClients},
	} {
		run.stage()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.context, err)
		}
	}
	s.log.Info("rke2 is up and running")
	return nil
}

// startClients starts what lives from the apiserver, and returns once the node is registered.
func (s *server) startClients(ctx context.Context) error {
	if err := s.startControllers(); err != nil {
		return err
	}
	return s.startKubelet(ctx)
}

// bootstrap fetches the shared authorities from the server to join, if this one is to join and
// has no data yet. A server with data starts from it, whether or not the others are up.
func (s *server) bootstrap(ctx context.Context) (err error) {
	if s.password, err = node.Password(); err != nil {
		return err
	}
	if err := s.member.ClearReset(); err != nil {
		return err
	}
	if s.member.Initialized() {
		s.log.Info("Managed etcd cluster bootstrap already complete and initialized")
		return nil
	}
	if s.c.Server == "" {
		s.log.Info("Managed etcd cluster initializing")
		return nil
	}
	s.log.Info("Managed etcd cluster not yet initialized")
	s.join, err = supervisor.Connect(ctx, s.c.Server, s.c.Token, supervisor.Identity{
		NodeName: s.c.NodeName, NodePassword: s.password, NodeIP: s.c.NodeIP, Version: version, Role: "server",
	}, s.log)
	if err != nil {
		return err
	}
	// Bootstrap comes first: only a server's token may read it.
	packed, err := s.join.Bootstrap(ctx)
	if err != nil {
		return err
	}
	cluster, err := s.join.Settings(ctx)
	if err != nil {
		return err
	}
	if err := supervisor.NewSettings(s.c, version).Compare(cluster, s.log); err != nil {
		return err
	}
	return certs.Unpack(s.c.Layout, packed)
}

// prepare writes everything that the components read, and opens the supervisor's port.
func (s *server) prepare(context.Context) (err error) {
	c := s.c
	if s.authorities, err = certs.EnsureCluster(c.Layout, c.SecretsEncryption); err != nil {
		return err
	}
	if s.secret, err = ensureTokens(c, s.authorities.Server.PEM, s.member.Initialized()); err != nil {
		return err
	}
	sans := append([]string{
		"127.0.0.1", "::1", "localhost", c.NodeName, c.NodeIP, c.NodeExternalIP, c.AdvertiseAddress, c.APIServiceIP(),
	}, c.TLSSAN...)
	names := certs.NodeNames{NodeName: c.NodeName, ClusterDomain: c.ClusterDomain, SANs: sans}
	if err := s.authorities.EnsureServer(c.Layout, names); err != nil {
		return err
	}
	if err := s.writeKubeconfigs(); err != nil {
		return err
	}
	if err := controlplane.WritePodSecurity(c.Profile); err != nil {
		return err
	}
	s.supervisor = &supervisor.Server{
		Layout: c.Layout, Authorities: s.authorities, Member: s.member, Log: s.log,
		ServerPassword: s.secret.server, AgentPassword: s.secret.agent,
		Settings: supervisor.NewSettings(c, version),
	}
	s.run.start("supervisor", func(ctx context.Context) error { return s.supervisor.Serve(ctx, c.BindAddress) })
	return nil
}

// startEtcd starts or joins etcd, and waits until this member may vote.
func (s *server) startEtcd(ctx context.Context) error {
	initial := ""
	if s.join != nil {
		peers, err := s.peers(ctx)
		if err != nil {
			return err
		}
		if initial, err = s.member.Join(ctx, peers); err != nil {
			return err
		}
	}
	defaults, err := s.member.Args(initial, s.c.EtcdExposeMetrics)
	if err != nil {
		return err
	}
	args, err := controlplane.Merge(defaults, s.c.EtcdArgs)
	if err != nil {
		return fmt.Errorf("etcd-arg: %w", err)
	}
	child := s.newChild("etcd", args)
	// A server without etcd is none: the unit's restart tries again and shows the cause.
	child.MaxFailures = 3
	child.FirstOnly = []string{"--initial-cluster"}
	child.Restart = make(chan struct{}, 1)
	if err := s.run.keep(child); err != nil {
		return err
	}
	if err := s.awaitVoting(ctx, child.Restart); err != nil {
		return err
	}
	s.run.start("etcd", s.watchDisk)
	s.run.start("etcd learners", func(ctx context.Context) error {
		s.member.ManageLearners(ctx)
		return nil
	})
	return s.keepBootstrap(ctx)
}

func (s *server) child(name string, args []string) error {
	return s.run.keep(s.newChild(name, args))
}

func (s *server) newChild(name string, args []string) *process.Child {
	return &process.Child{
		Name: name, Path: binary(name), Args: args, Files: filesOf(args), Layout: s.c.Layout,
		Node: s.c.NodeName, PodLogs: layout.PodLogs, Log: s.log,
	}
}

// filesOf lists the files that arguments name: as with the FILE_HASH of RKE2's static pods, a
// component starts anew when one of them has changed.
func filesOf(args []string) []string {
	var files []string
	for _, arg := range args {
		_, path, _ := strings.Cut(arg, "=")
		if info, err := os.Stat(path); filepath.IsAbs(path) && err == nil && info.Mode().IsRegular() {
			files = append(files, path)
		}
	}
	return files
}
