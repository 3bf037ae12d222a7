package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"homelab/lab/cluster/rke2/layout"
)

// EndLeftovers stops children that an earlier rke2, killed without a chance to stop them, left
// running. Real static pods live on and are taken over by the next kubelet; here the new rke2
// starts from a clean state instead, which costs this node's apiserver and etcd one restart.
func EndLeftovers(l layout.Layout) error {
	entries, err := os.ReadDir(filepath.Dir(l.ChildPid("x")))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// By name this is scheduler, controller manager, apiserver, etcd: clients before servers.
	slices.Reverse(entries)
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".pid")
		if !ok {
			continue
		}
		if err := endLeftover(l.ChildPid(name), name); err != nil {
			return fmt.Errorf("leftover %s: %w", name, err)
		}
	}
	return nil
}

func endLeftover(path, name string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err == nil && runs(pid, name) {
		for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
			if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
				return err
			}
			if gone(pid, name, 2*time.Second) {
				break
			}
		}
	}
	return os.Remove(path)
}

// runs checks that the process is still the one that was started: ids are used again.
func runs(pid int, name string) bool {
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return false
	}
	first, _, _ := strings.Cut(string(cmdline), "\x00")
	return filepath.Base(first) == name
}

func gone(pid int, name string, limit time.Duration) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if !runs(pid, name) {
			return true
		}
	}
	return false
}
