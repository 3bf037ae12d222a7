package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"

	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/etcd"
	"homelab/lab/cluster/rke2/s3"

	"k8s.io/client-go/rest"
)

// snapshots takes, lists and deletes etcd's snapshots on this node and in S3, and tells of them in ETCDSnapshotFile objects
// (k3s pkg/etcd/snapshot.go and snapshot_handler.go).
type snapshots struct {
	config.Snapshots
	member    *etcd.Member
	cluster   *rest.Config
	tokenHash string
	log       *slog.Logger
}

func newSnapshots(c *config.Config, m *etcd.Member, log *slog.Logger) (*snapshots, error) {
	cluster, err := clientConfig(c.Layout.AdminKubeconfig())
	if err != nil {
		return nil, err
	}
	password, err := keptPassword(c.Layout)
	if err != nil {
		return nil, err
	}
	return &snapshots{c.Snapshots, m, cluster, etcd.TokenHash(password), log}, nil
}

// store connects to S3; nil where it is not enabled.
func (s *snapshots) store(ctx context.Context) (*s3.Client, s3.Config, error) {
	if s.S3 == nil {
		return nil, s3.Config{}, nil
	}
	settings := *s.S3
	switch {
	case settings.ConfigSecret == "" && !settings.Set():
		return nil, settings, errors.New("s3 configuration was not set")
	case settings.ConfigSecret != "" && settings.Set():
		s.log.Warn(fmt.Sprintf("Ignoring s3 configuration from etcd-s3-config-secret %q due to existing configuration from CLI or config file", settings.ConfigSecret))
	case settings.ConfigSecret != "":
		var err error
		if settings, err = configFromSecret(ctx, s.cluster, settings.ConfigSecret); err != nil {
			return nil, settings, fmt.Errorf("failed to get config from etcd-s3-config-secret %q: %w", s.S3.ConfigSecret, err)
		}
	}
	client, err := s3.New(ctx, settings)
	return client, settings, err
}

// requested is store for a command: where S3 is enabled and does not answer, nothing is done at all.
func (s *snapshots) requested(ctx context.Context) (*s3.Client, error) {
	client, _, err := s.store(ctx)
	if err != nil {
		return nil, fmt.Errorf("failed to initialize S3 client: %w", err)
	}
	return client, nil
}

// save takes one and removes the oldest beyond the retention, of those that the schedule takes. What goes wrong in S3 is
// only logged, as RKE2 does.
func (s *snapshots) save(ctx context.Context, scheduled bool) error {
	if !scheduled {
		if _, err := s.requested(ctx); err != nil {
			return err
		}
	}
	name, err := s.member.Save(ctx, s.Dir, s.Name, s.Compress)
	if err != nil {
		return err
	}
	s.log.Info(fmt.Sprintf("Snapshot %s saved.", name))
	client, settings, err := s.store(ctx)
	if err != nil {
		s.log.Warn("Unable to initialize S3 client: " + err.Error())
	}
	if client != nil {
		if err := client.Upload(ctx, filepath.Join(s.Dir, name), s.member.NodeName, s.tokenHash); err != nil {
			s.log.Error("Error received during snapshot upload to S3: " + err.Error())
		} else {
			s.log.Info(fmt.Sprintf("Snapshot %s saved.", name))
		}
	}
	if scheduled {
		if err := s.pruneIn(ctx, client, settings.Retention); err != nil {
			return err
		}
	}
	return s.reconcile(ctx, client)
}

// prune is the command's.
func (s *snapshots) prune(ctx context.Context) error {
	client, err := s.requested(ctx)
	if err != nil {
		return err
	}
	if err := s.pruneIn(ctx, client, s.Retention); err != nil {
		return err
	}
	return s.reconcile(ctx, client)
}

func (s *snapshots) pruneIn(ctx context.Context, client *s3.Client, keptInStore int) error {
	removed, err := s.member.Prune(s.Dir, s.Name, s.Retention)
	if client != nil {
		inStore, storeErr := client.Prune(ctx, s.Name, keptInStore)
		removed, err = append(removed, inStore...), errors.Join(err, storeErr)
	}
	for _, name := range removed {
		s.log.Info(fmt.Sprintf("Snapshot %s deleted.", name))
	}
	return err
}

// list gives what is on this node and in S3, oldest first.
func (s *snapshots) list(ctx context.Context) ([]record, error) {
	client, err := s.requested(ctx)
	if err != nil {
		return nil, err
	}
	return s.records(ctx, client)
}

func (s *snapshots) records(ctx context.Context, client *s3.Client) ([]record, error) {
	var all []record
	if client != nil {
		files, err := client.List(ctx)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			all = append(all, record{f.Name, f.Location, f.NodeName, f.TokenHash, f.Size, f.Created, true})
		}
	}
	local, err := etcd.List(s.Dir)
	if err != nil {
		return nil, err
	}
	for _, f := range local {
		all = append(all, record{
			f.Name, "file://" + f.Path, s.member.NodeName, "", f.Size, s3.Created(f.Name, f.Created), false,
		})
	}
	slices.SortStableFunc(all, func(a, b record) int { return a.created.Compare(b.created) })
	return all, nil
}

func (s *snapshots) delete(ctx context.Context, names []string) error {
	client, err := s.requested(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		found, err := etcd.Delete(s.Dir, name)
		if err != nil {
			return err
		}
		if client != nil {
			err := client.Delete(ctx, name)
			if err != nil && !s3.Gone(err) {
				return err
			}
			found = found || err == nil
		}
		if found {
			s.log.Info(fmt.Sprintf("Snapshot %s deleted.", name))
		}
	}
	return s.reconcile(ctx, client)
}
