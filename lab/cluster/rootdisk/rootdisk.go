// Package rootdisk tells how full a simulated machine's root disk is. The directory behind the disk
// belongs to the lab's own system and never fills: what writes to it asks here first.
package rootdisk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Condition is where a machine finds what is wrong with it.
const Condition = "/run/lab/machine"

// Use returns the share of the root file system in a condition directory that is in use, in percent. Outside
// of a machine there is no such disk, and none of it is in use.
func Use(condition string) (int, error) {
	used, err := number(filepath.Join(condition, "disk-used-bytes"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	size, err := number(filepath.Join(condition, "layout", "filesystem-bytes"))
	if err != nil {
		return 0, err
	}
	return int(used * 100 / max(size, 1)), nil
}

func number(path string) (int64, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	value := int64(0)
	if _, err := fmt.Sscanf(string(content), "%d", &value); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return value, nil
}

// Write returns the error of a write to path on the full disk, and nil while there is room.
func Write(condition, path string) error {
	percent, err := Use(condition)
	if err != nil || percent < 100 {
		return err
	}
	return &fs.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
}
