package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/layout"
	"homelab/lab/cluster/rke2/s3"
)

func TestAResetIsRefused(t *testing.T) {
	store := s3.Default
	store.ConfigSecret = "etcd-snapshot-store"
	for _, one := range []struct {
		name, want string
		change     func(*config.Config)
	}{
		{"on a server that is told to join", "cannot perform cluster-reset while server URL is set", func(c *config.Config) {
			c.Server = "https://192.168.1.20:9345"
		}},
		{"from a snapshot without a token", "please pass --token to complete the restoration", func(c *config.Config) {
			c.RestorePath = "/tmp/snapshot"
		}},
		{"from a store that the cluster's Secret names", "cannot use S3 config secret when restoring snapshot", func(c *config.Config) {
			c.RestorePath, c.Token, c.Snapshots.S3 = "snapshot", "secret", &store
		}},
		{"from nothing", "this node has no etcd data", func(*config.Config) {}},
	} {
		c := &config.Config{ClusterReset: true, NodeName: "stone", Layout: layout.Layout{DataDir: t.TempDir()}}
		one.change(c)
		ctx, cancel := context.WithCancelCause(context.Background())
		err := reset(ctx, c, slog.New(slog.DiscardHandler), &tasks{fail: cancel})
		if err == nil || !strings.Contains(err.Error(), one.want) {
			t.Errorf("%s: %v", one.name, err)
		}
		cancel(nil)
	}
}

func TestASnapshotsObject(t *testing.T) {
	r := record{name: "On-demand-stone-1795843200", location: "s3://etcd/home/x", node: "stone", tokenHash: "2bb80d537b1d", inStore: true}
	object := r.object()
	if name := object.GetName(); !strings.HasPrefix(name, "s3-on-demand-stone-1795843200-") || len(name) != len("s3-on-demand-stone-1795843200-")+6 {
		t.Error(name)
	}
	if object.GetLabels()[storageLabel] != "s3" || object.GetAnnotations()["etcd.rke2.cattle.io/snapshot-token-hash"] != r.tokenHash {
		t.Errorf("%v %v", object.GetLabels(), object.GetAnnotations())
	}
}
