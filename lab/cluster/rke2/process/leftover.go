package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"homelab/lab/cluster/rke2/layout"
)

// EndLeftovers ends the children of an earlier rke2 that still run and that this one will not have:
// all but those with the claimed names, such as etcd's once a server has become an agent.
func EndLeftovers(l layout.Layout, claimed ...string) error {
	entries, err := os.ReadDir(filepath.Dir(l.ChildPid("x")))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// By name this is kubelet, scheduler, controller manager, apiserver, etcd: clients before servers.
	slices.Reverse(entries)
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".pid")
		if !ok || slices.Contains(claimed, name) {
			continue
		}
		if err := endLeftover(l.ChildPid(name)); err != nil {
			return fmt.Errorf("leftover %s: %w", name, err)
		}
	}
	return nil
}

func endLeftover(path string) error {
	child, _, err := find(path)
	if err != nil {
		return err
	}
	if child != nil {
		defer child.close()
		if err := child.stop(); err != nil {
			return err
		}
	}
	return os.Remove(path)
}
