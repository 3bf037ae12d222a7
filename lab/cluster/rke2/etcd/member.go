// Package etcd runs one member of the cluster's etcd: first start, join as a learner,
// promotion, removal, snapshots and reset, in the order RKE2 does them.
package etcd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/layout"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

const callTimeout = 5 * time.Second

// Member is this node's etcd.
type Member struct {
	Layout   layout.Layout
	NodeName string
	NodeIP   string
	Log      *slog.Logger
	// name is <node>-<eight digits>; a node that comes back with an empty disk gets another.
	name string
}

// Peer is a member as the supervisor tells joining servers of it.
type Peer struct {
	Name       string   `json:"name"`
	PeerURLs   []string `json:"peerURLs"`
	ClientURLs []string `json:"clientURLs"`
}

// Initialized says whether this node has etcd data and thus only has to be started.
func (m *Member) Initialized() bool {
	_, err := os.Stat(filepath.Join(m.Layout.EtcdDir(), "member", "wal"))
	return err == nil
}

// Name returns the member's name, choosing and keeping it the first time.
func (m *Member) Name() (string, error) {
	if m.name != "" {
		return m.name, nil
	}
	content, err := os.ReadFile(m.Layout.EtcdName())
	if err == nil && len(content) > 0 {
		m.name = strings.TrimSpace(string(content))
		return m.name, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	suffix := make([]byte, 4)
	if _, err := rand.Read(suffix); err != nil {
		return "", err
	}
	if err := os.MkdirAll(m.Layout.EtcdDir(), 0o700); err != nil {
		return "", err
	}
	m.name = m.NodeName + "-" + hex.EncodeToString(suffix)
	return m.name, certs.Write(m.Layout.EtcdName(), []byte(m.name), 0o600)
}

// PeerURL is where other members reach this one.
func (m *Member) PeerURL() string { return "https://" + net.JoinHostPort(m.NodeIP, "2380") }

// Client connects to the given client URLs, or to this node's member.
func (m *Member) Client(endpoints ...string) (*clientv3.Client, error) {
	if len(endpoints) == 0 {
		endpoints = []string{"https://127.0.0.1:2379"}
	}
	tls, err := transport.TLSInfo{
		CertFile:      m.Layout.TLS("etcd/client.crt"),
		KeyFile:       m.Layout.TLS("etcd/client.key"),
		TrustedCAFile: m.Layout.TLS("etcd/server-ca.crt"),
	}.ClientConfig()
	if err != nil {
		return nil, err
	}
	return clientv3.New(clientv3.Config{
		Endpoints: endpoints, TLS: tls, DialTimeout: callTimeout, Logger: zap.NewNop(),
	})
}

// Join adds this node to the cluster of peers as a learner and returns the value of etcd's
// initial-cluster. While another member is still a learner it waits, as RKE2 does.
func (m *Member) Join(ctx context.Context, peers []Peer) (string, error) {
	name, err := m.Name()
	if err != nil {
		return "", err
	}
	var endpoints []string
	for _, p := range peers {
		endpoints = append(endpoints, p.ClientURLs...)
	}
	if len(endpoints) == 0 {
		return "", errors.New("failed to get etcd member list from server: no member has a client URL")
	}
	client, err := m.Client(endpoints...)
	if err != nil {
		return "", err
	}
	defer client.Close()
	for said := ""; ; {
		cluster, err := m.add(ctx, client, name)
		if err == nil {
			m.Log.Info(fmt.Sprintf("Starting etcd to join cluster with members %v", cluster))
			return strings.Join(cluster, ","), nil
		}
		if !waits(err) {
			return "", err
		}
		if said != err.Error() {
			said = err.Error()
			m.Log.Info("Waiting for other members to finish joining etcd cluster: " + said)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

func waits(err error) bool {
	return errors.Is(err, rpctypes.ErrTooManyLearners) || errors.Is(err, rpctypes.ErrUnhealthy) ||
		errors.Is(err, rpctypes.ErrMemberNotEnoughStarted) || errors.Is(err, rpctypes.ErrNoLeader) ||
		errors.Is(err, rpctypes.ErrLeaderChanged) || errors.Is(err, rpctypes.ErrTimeout) ||
		errors.Is(err, context.DeadlineExceeded)
}

func (m *Member) add(ctx context.Context, client *clientv3.Client, name string) ([]string, error) {
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := client.MemberList(call)
	if err != nil {
		return nil, err
	}
	var cluster []string
	add := true
	for _, member := range list.Members {
		// A member that was added but never started has no name; with our address it is us,
		// cut off between the two.
		ours := slices.ContainsFunc(member.PeerURLs, func(peer string) bool {
			u, err := url.Parse(peer)
			return err == nil && u.Hostname() == m.NodeIP
		})
		if member.Name == "" && ours {
			member.Name = name
		}
		if member.Name == name && ours {
			add = false
		} else if nodeOf(member.Name) == m.NodeName {
			if err := os.Remove(m.Layout.EtcdName()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			return nil, errors.New("etcd cluster join failed: duplicate node name found, please use a unique name for this node")
		}
		if len(member.PeerURLs) > 0 {
			cluster = append(cluster, member.Name+"="+member.PeerURLs[0])
		}
	}
	if !add {
		return cluster, nil
	}
	if _, err := client.MemberAddAsLearner(call, []string{m.PeerURL()}); err != nil {
		return nil, err
	}
	m.Log.Info(fmt.Sprintf("Adding member %s=%s to etcd cluster %v", name, m.PeerURL(), cluster))
	return append(cluster, name+"="+m.PeerURL()), nil
}

// nodeOf cuts the random digits off a member's name.
func nodeOf(member string) string {
	if i := strings.LastIndex(member, "-"); i > 0 {
		return member[:i]
	}
	return member
}

// Peers lists the members that have started.
func (m *Member) Peers(ctx context.Context) ([]Peer, error) {
	client, err := m.Client()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	call, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := client.MemberList(call)
	if err != nil {
		return nil, fmt.Errorf("failed to get etcd member list from server: %w", err)
	}
	var peers []Peer
	for _, member := range list.Members {
		if member.Name != "" && !member.IsLearner {
			peers = append(peers, Peer{member.Name, member.PeerURLs, member.ClientURLs})
		}
	}
	return peers, nil
}
