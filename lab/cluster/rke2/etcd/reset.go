package etcd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"homelab/lab/cluster/rke2/certs"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// Where a restored database is read once, before this node has any certificate for it.
const restoreClient, restorePeer = "http://127.0.0.1:2399", "http://127.0.0.1:2400"

// Restore replaces etcd's data by a snapshot, keeping the old beside it, as one new member.
// etcdutl is the path of that tool.
func (m *Member) Restore(etcdutl, snapshot string) (err error) {
	if _, err := os.Stat(snapshot); err != nil {
		return fmt.Errorf("etcd: snapshot path does not exist: %w", err)
	}
	plain, done, err := Unzip(snapshot)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	name, err := m.Name()
	if err != nil {
		return err
	}
	fresh := m.Layout.EtcdDir() + "-restored"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	output, err := exec.Command(etcdutl, "snapshot", "restore", plain, "--data-dir="+fresh,
		"--name="+name, "--initial-cluster="+name+"="+m.PeerURL(),
		"--initial-advertise-peer-urls="+m.PeerURL()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("etcdutl snapshot restore %s: %w: %s", snapshot, err, output)
	}
	old := fmt.Sprintf("%s-old-%d", m.Layout.EtcdDir(), time.Now().Unix())
	m.Log.Info("Pre-restore etcd database moved to " + old)
	if err := os.Rename(m.Layout.EtcdDir(), old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(fresh, m.Layout.EtcdDir()); err != nil {
		return err
	}
	return certs.Write(m.Layout.EtcdName(), []byte(name), 0o600)
}

// RestoredArgs run the restored data without certificates on loopback, to read from it.
func (m *Member) RestoredArgs() []string {
	return []string{
		"--name=" + m.name, "--data-dir=" + m.Layout.EtcdDir(),
		"--listen-client-urls=" + restoreClient, "--advertise-client-urls=" + restoreClient,
		"--listen-peer-urls=" + restorePeer, "--unsafe-no-fsync=true", "--logger=zap",
		"--log-outputs=stderr", "--heartbeat-interval=100", "--election-timeout=1000",
	}
}

// RestoredBootstrap reads the servers' shared files from a database run with RestoredArgs.
func (m *Member) RestoredBootstrap(ctx context.Context, password string) ([]byte, error) {
	client, err := clientv3.New(clientv3.Config{
		Endpoints: []string{restoreClient}, DialTimeout: callTimeout, Logger: zap.NewNop(),
	})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	for {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		packed, err := LoadBootstrap(call, client, password)
		cancel()
		if err == nil || errors.Is(err, ErrOtherToken) || ctx.Err() != nil {
			return packed, err
		}
		m.Log.Debug("waiting for the restored etcd: " + err.Error())
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// FinishReset marks that membership was reset; an ordinary start removes the mark.
func (m *Member) FinishReset() error {
	return certs.Write(m.Layout.ResetFlag(), nil, 0o600)
}

// CheckReset refuses a second reset without a start in between, with RKE2's text.
func (m *Member) CheckReset() error {
	if _, err := os.Stat(m.Layout.ResetFlag()); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return errors.New("Managed etcd cluster membership was previously reset, please remove the cluster-reset flag and start rke2 normally. " +
		"If you need to perform another cluster reset, you must first manually delete the file at " + filepath.Clean(m.Layout.ResetFlag()))
}

// ClearReset removes the mark of an earlier reset.
func (m *Member) ClearReset() error {
	if err := os.Remove(m.Layout.ResetFlag()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
