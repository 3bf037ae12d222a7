package process

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"homelab/lab/cluster/rke2/layout"
)

func TestCause(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	content := "I0101 fine\nError: unknown flag: --foo\n" +
		`{"level":"error","msg":"listen failed","error":"address in use","stacktrace":"long"}` + "\nUsage: much text\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := Cause(path, 0), "Error: unknown flag: --foo | listen failed: address in use"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Cause(path, int64(len(content))); !strings.HasPrefix(got, "it wrote nothing") {
		t.Error(got)
	}
}

func TestAChildThatCannotRunEndsWithItsLastWords(t *testing.T) {
	child := &Child{
		Name: "sh", Path: "/bin/sh", Args: []string{"-c", "echo 'Error: no disk' >&2; exit 3"},
		Layout: layout.Layout{DataDir: t.TempDir()}, Node: "stone",
		MaxFailures: 2, Log: slog.New(slog.DiscardHandler),
	}
	err := child.Run(context.Background())
	if err == nil || err.Error() != "sh cannot run: exit status 3: Error: no disk" {
		t.Error(err)
	}
}

// keeper runs a child until stop, which returns once Run has.
func keeper(t *testing.T, child *Child) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- child.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// process waits for a live process of the child that is not the one with the id other.
func process(t *testing.T, child *Child, other int) int {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		live, _, err := find(child.Layout.ChildPid(child.Name))
		if err != nil {
			t.Fatal(err)
		}
		if live != nil && live.pid != other {
			return live.pid
		}
	}
	t.Fatalf("%s does not run", child.Name)
	return 0
}

func sleeper(l layout.Layout, args ...string) *Child {
	return &Child{
		Name: "sleep", Path: "/bin/sleep", Args: args, Layout: l, Node: "stone", MaxFailures: 1,
		FirstOnly: []string{"0."}, Log: slog.New(slog.DiscardHandler),
	}
}

func TestAChildOutlivesItsKeeperAndIsTakenOver(t *testing.T) {
	l := layout.Layout{DataDir: t.TempDir()}
	settings := l.Agent("settings")
	defer func() {
		if err := EndLeftovers(l); err != nil {
			t.Error(err)
		}
	}()
	child := sleeper(l, "600")
	child.Files = []string{settings}
	stop := keeper(t, child)
	first := process(t, child, 0)
	stop()
	next := sleeper(l, "600", "0.1")
	next.Files = child.Files
	stop = keeper(t, next)
	if got := process(t, next, 0); got != first {
		t.Errorf("process %d instead of %d, although only a first start's argument differs", got, first)
	}
	stop()
	if err := os.WriteFile(settings, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	stop = keeper(t, child)
	second := process(t, child, first)
	stop()
	stop = keeper(t, sleeper(l, "601"))
	process(t, child, second)
	stop()
}

func TestAChildTakenOverIsStartedAgainWhenItEnds(t *testing.T) {
	l := layout.Layout{DataDir: t.TempDir()}
	child := sleeper(l, "600")
	child.MaxFailures = 0
	stop := keeper(t, child)
	first := process(t, child, 0)
	stop()
	stop = keeper(t, child)
	live, _, err := find(l.ChildPid("sleep"))
	if err != nil || live == nil || live.pid != first {
		t.Fatal(live, err)
	}
	if err := live.stop(); err != nil {
		t.Fatal(err)
	}
	process(t, child, first)
	stop()
	if err := EndLeftovers(l); err != nil {
		t.Error(err)
	}
}

func TestOnlyUnclaimedLeftoversEnd(t *testing.T) {
	l := layout.Layout{DataDir: t.TempDir()}
	child := sleeper(l, "600")
	stop := keeper(t, child)
	process(t, child, 0)
	stop()
	if err := EndLeftovers(l, "sleep"); err != nil {
		t.Fatal(err)
	}
	process(t, child, 0)
	if err := EndLeftovers(l, "etcd"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(l.ChildPid("sleep")); !os.IsNotExist(err) {
		t.Error("the leftover's pid file is still there:", err)
	}
}

func TestABoundChildEndsWithItsKeeper(t *testing.T) {
	child := sleeper(layout.Layout{DataDir: t.TempDir()}, "600")
	child.Bound = true
	stop := keeper(t, child)
	process(t, child, 0)
	stop()
	if live, _, err := find(child.Layout.ChildPid("sleep")); live != nil || err != nil {
		t.Error(live, err)
	}
}
