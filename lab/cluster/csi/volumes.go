package csi

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Root has a folder for each volume, which all machines of the lab see; the kubelet binds it into pods.
const Root = "/run/lab/volumes"

// volumes are those of one driver.
type volumes struct{ root, driver string }

func (v volumes) path(handle string) string {
	return filepath.Join(v.root, v.driver, strings.ReplaceAll(handle, "/", "_"))
}

func (v volumes) snapshot(handle string) string {
	return filepath.Join(v.root, v.driver, ".snapshots", strings.ReplaceAll(handle, "/", "_"))
}

// create makes a volume, with what is at source where one is given. One that is there is left as it is.
func (v volumes) create(handle, source string) error {
	target := v.path(handle)
	if _, err := os.Stat(target); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
		return err
	}
	if source == "" {
		if err := os.Mkdir(target, 0o777); err != nil {
			return err
		}
		return os.Chmod(target, 0o777) //nolint:gosec // as an empty file system is for the pod that mounts it
	}
	return v.copy(source, target)
}

// copy makes target whole or not at all.
func (v volumes) copy(source, target string) error {
	if _, err := os.Stat(source); err != nil {
		return fmt.Errorf("rpc error: code = NotFound desc = %w", err)
	}
	building := target + ".new"
	if err := os.RemoveAll(building); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
		return err
	}
	if err := os.CopyFS(building, os.DirFS(source)); err != nil {
		return err
	}
	if err := likeSource(source, building); err != nil {
		return err
	}
	if err := os.Chmod(building, 0o777); err != nil { //nolint:gosec // see create
		return err
	}
	return os.Rename(building, target)
}

// likeSource gives a copy the owners, modes and times of what it is a copy of: a snapshot is of blocks, which have them.
func likeSource(source, target string) error {
	return filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		copied := filepath.Join(target, name)
		if owner, known := info.Sys().(*syscall.Stat_t); known {
			if err := os.Lchown(copied, int(owner.Uid), int(owner.Gid)); err != nil {
				return err
			}
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			return nil
		}
		return errors.Join(os.Chmod(copied, info.Mode()), os.Chtimes(copied, info.ModTime(), info.ModTime()))
	})
}

// keep copies a volume as a snapshot.
func (v volumes) keep(handle, snapshot string) error {
	if _, err := os.Stat(v.snapshot(snapshot)); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return v.copy(v.path(handle), v.snapshot(snapshot))
}

func (v volumes) remove(handle string) error { return os.RemoveAll(v.path(handle)) }

func (v volumes) forget(snapshot string) error { return os.RemoveAll(v.snapshot(snapshot)) }
