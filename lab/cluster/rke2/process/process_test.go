package process

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
