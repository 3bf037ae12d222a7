package etcd

import (
	"archive/zip"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"homelab/lab/cluster/rke2/layout"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
)

func member(t *testing.T) *Member {
	t.Helper()
	return &Member{
		Layout: layout.Layout{DataDir: t.TempDir()}, NodeName: "proxmox-stone", NodeIP: "192.168.1.21",
		Log: slog.New(slog.DiscardHandler),
	}
}

func TestTheNameStaysAndNamesItsNode(t *testing.T) {
	m := member(t)
	name, err := m.Name()
	if err != nil || nodeOf(name) != "proxmox-stone" {
		t.Fatal(name, err)
	}
	again, err := (&Member{Layout: m.Layout, NodeName: m.NodeName}).Name()
	if err != nil || again != name {
		t.Errorf("%s, then %s: %v", name, again, err)
	}
}

func TestAMemberIsKnownByItsNameAndItsAddress(t *testing.T) {
	m := member(t)
	name, err := m.Name()
	if err != nil {
		t.Fatal(err)
	}
	members := []*etcdserverpb.Member{
		{Name: "proxmox-tank-0000aaaa", PeerURLs: []string{"https://192.168.1.22:2380"}},
		{Name: name, PeerURLs: []string{"https://192.168.1.21:2380"}},
	}
	if err := m.listedAmong(members); err != nil {
		t.Error(err)
	}
	m.NodeIP = "192.168.1.61"
	want := "this server is a not a member of the etcd cluster. Found [proxmox-tank-0000aaaa=https://192.168.1.22:2380 " +
		name + "=https://192.168.1.21:2380], expect: " + name + "=192.168.1.61"
	if err := m.listedAmong(members); err == nil || err.Error() != want {
		t.Errorf("with another address: %v", err)
	}
	m.NodeIP, members[1].Name = "192.168.1.21", "proxmox-stone-ffffffff"
	if err := m.listedAmong(members); err == nil {
		t.Error("taken for a member under another name")
	}
}

func TestPruneKeepsTheNewestOfThisNode(t *testing.T) {
	m, dir := member(t), t.TempDir()
	for i, name := range []string{
		"etcd-snapshot-proxmox-stone-1", "etcd-snapshot-proxmox-stone-2", "on-demand-proxmox-stone-3",
		"etcd-snapshot-proxmox-tank-4", "etcd-snapshot-proxmox-stone-5",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Unix(int64(1000+i), 0)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := m.Prune(dir, "etcd-snapshot", 1)
	want := []string{"etcd-snapshot-proxmox-stone-1", "etcd-snapshot-proxmox-stone-2"}
	if err != nil || !slices.Equal(removed, want) {
		t.Errorf("%v %v", removed, err)
	}
}

func TestACompressedSnapshotUnpacks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.zip")
	if err := save(path, "s", strings.NewReader("data"), true); err != nil {
		t.Fatal(err)
	}
	if archive, err := zip.OpenReader(path); err != nil || archive.File[0].Name != "s" || archive.Close() != nil {
		t.Fatal(err)
	}
	plain, done, err := Unzip(path)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(plain)
	if string(content) != "data" || err != nil || done() != nil {
		t.Errorf("%q %v", content, err)
	}
}

func TestBootstrapDataOpensWithItsTokenOnly(t *testing.T) {
	sealed, err := seal("token", []byte("authorities"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := open("token", sealed); err != nil || string(plain) != "authorities" {
		t.Errorf("%q %v", plain, err)
	}
	if _, err := open("other", sealed); err == nil {
		t.Error("opened with another token")
	}
}

func TestASecondResetIsRefused(t *testing.T) {
	m := member(t)
	if err := m.CheckReset(); err != nil {
		t.Fatal(err)
	}
	if err := m.FinishReset(); err != nil {
		t.Fatal(err)
	}
	if err := m.CheckReset(); err == nil {
		t.Error("a second reset was allowed")
	}
	if err := m.ClearReset(); err != nil || m.CheckReset() != nil {
		t.Errorf("after a start: %v", err)
	}
}
