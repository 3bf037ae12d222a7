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

// Use returns the share of the disk in a condition directory that is in use, in percent. Outside
// of a machine there is no such disk, and none of it is in use.
func Use(condition string) (int, error) {
	content, err := os.ReadFile(filepath.Join(condition, "disk-used-percent"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	percent := 0
	if _, err := fmt.Sscanf(string(content), "%d", &percent); err != nil {
		return 0, fmt.Errorf("%s/disk-used-percent: %w", condition, err)
	}
	return percent, nil
}

// Write returns the error of a write to path on the full disk, and nil while there is room.
func Write(condition, path string) error {
	percent, err := Use(condition)
	if err != nil || percent < 100 {
		return err
	}
	return &fs.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
}
