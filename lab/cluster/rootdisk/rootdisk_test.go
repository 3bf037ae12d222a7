package rootdisk

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func condition(t *testing.T, percent string) string {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "disk-used-percent"), []byte(percent+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAFullDiskTakesNoWrite(t *testing.T) {
	err := Write(condition(t, "100"), "/var/lib/rancher/x")
	if !errors.Is(err, syscall.ENOSPC) || err.Error() != "write /var/lib/rancher/x: no space left on device" {
		t.Fatalf("got %v", err)
	}
	if err := Write(condition(t, "99"), "/x"); err != nil {
		t.Fatal(err)
	}
}

func TestWithoutAConditionThereIsRoom(t *testing.T) {
	if err := Write(t.TempDir(), "/x"); err != nil {
		t.Fatal(err)
	}
	if _, err := Use(condition(t, "much")); err == nil {
		t.Fatal("text was taken for a number")
	}
}
