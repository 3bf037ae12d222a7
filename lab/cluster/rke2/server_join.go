package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/etcd"
	"homelab/lab/cluster/rke2/supervisor"
)

// unpublished is how long a promoted member may take to serve its clients.
const unpublished = time.Second

// peers asks for etcd's members until the server that is joined through has started its own.
func (s *server) peers(ctx context.Context) ([]etcd.Peer, error) {
	said := ""
	for {
		peers, err := s.join.Members(ctx)
		if err == nil && len(peers) > 0 {
			return peers, nil
		}
		if err == nil {
			err = errors.New("etcd has no started member")
		}
		failed := (*supervisor.StatusError)(nil)
		if errors.As(err, &failed) && failed.Code < 500 {
			return nil, err
		}
		if said != err.Error() {
			said = err.Error()
			s.log.Info("Waiting for etcd of " + s.c.Server + ": " + said)
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

// awaitVoting waits until this member may vote. When a joining member receives its own
// announcement inside the first database snapshot, etcd misses that it was announced and serves
// no client for ten seconds more; started again it serves at once.
func (s *server) awaitVoting(ctx context.Context, restart chan<- struct{}) error {
	if s.join == nil {
		return s.member.WaitVoting(ctx)
	}
	voting, stop := context.WithCancel(ctx)
	defer stop()
	go s.restartUnpublished(voting, restart)
	return s.member.WaitVoting(ctx)
}

func (s *server) restartUnpublished(ctx context.Context, restart chan<- struct{}) {
	name, err := s.member.Name()
	if err != nil {
		return
	}
	for {
		peers, err := s.join.Members(ctx)
		// A server that cannot tell is asked again: this only saves time.
		if err == nil && slices.ContainsFunc(peers, func(p etcd.Peer) bool { return p.Name == name }) {
			break
		}
		if pause(ctx) != nil {
			return
		}
	}
	select {
	case <-ctx.Done():
	case <-time.After(unpublished):
		restart <- struct{}{}
	}
}

func (s *server) keepBootstrap(ctx context.Context) error {
	client, err := s.member.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	packed, err := certs.Pack(s.c.Layout)
	if err != nil {
		return err
	}
	return etcd.StoreBootstrap(ctx, client, s.secret.server, packed)
}
