package rootdisk

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// condition is a file system of 200 bytes of which so many are used.
func condition(t *testing.T, used string) string {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "layout"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"disk-used-bytes": used, "layout/filesystem-bytes": "200"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAFullDiskTakesNoWrite(t *testing.T) {
	err := Write(condition(t, "200"), "/var/lib/rancher/x")
	if !errors.Is(err, syscall.ENOSPC) || err.Error() != "write /var/lib/rancher/x: no space left on device" {
		t.Fatalf("got %v", err)
	}
	if err := Write(condition(t, "199"), "/x"); err != nil {
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
