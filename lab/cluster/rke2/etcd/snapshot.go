package etcd

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// SnapshotFile is one snapshot on disk.
type SnapshotFile struct {
	Name, Path string
	Size       int64
	Created    time.Time
}

// Save writes a snapshot called <prefix>-<node>-<Unix seconds>, zipped when compress is set,
// and returns its name.
func (m *Member) Save(ctx context.Context, dir, prefix string, compress bool) (string, error) {
	client, err := m.Client()
	if err != nil {
		return "", err
	}
	defer client.Close()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	reader, err := client.Snapshot(ctx)
	if err != nil {
		return "", fmt.Errorf("etcd-snapshot: is rke2-server running? %w", err)
	}
	defer reader.Close()
	name := fmt.Sprintf("%s-%s-%d", prefix, m.NodeName, time.Now().Unix())
	if compress {
		name += ".zip"
	}
	path := filepath.Join(dir, name)
	if err := save(path+".part", strings.TrimSuffix(name, ".zip"), reader, compress); err != nil {
		return "", errors.Join(err, os.Remove(path+".part"))
	}
	return name, os.Rename(path+".part", path)
}

func save(path, name string, from io.Reader, compress bool) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if !compress {
		_, err = io.Copy(file, from)
		return err
	}
	archive := zip.NewWriter(file)
	entry, err := archive.Create(name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(entry, from); err != nil {
		return err
	}
	return archive.Close()
}

// List returns the snapshots in a directory, oldest first.
func List(dir string) ([]SnapshotFile, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var files []SnapshotFile
	for _, e := range entries {
		if e.IsDir() || strings.HasSuffix(e.Name(), ".part") {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		files = append(files, SnapshotFile{e.Name(), filepath.Join(dir, e.Name()), info.Size(), info.ModTime()})
	}
	slices.SortStableFunc(files, func(a, b SnapshotFile) int { return a.Created.Compare(b.Created) })
	return files, nil
}

// Delete removes a snapshot, and says whether it was there.
func Delete(dir, name string) (bool, error) {
	if filepath.Base(name) != name {
		return false, fmt.Errorf("%q: want a snapshot's name as `rke2 etcd-snapshot ls` shows it", name)
	}
	err := os.Remove(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Prune removes the oldest snapshots of this node with a prefix beyond the newest keep, and
// returns the names removed. keep below 1 removes none.
func (m *Member) Prune(dir, prefix string, keep int) ([]string, error) {
	files, err := List(dir)
	if err != nil || keep < 1 {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f SnapshotFile) bool {
		return !strings.HasPrefix(f.Name, prefix+"-"+m.NodeName+"-")
	})
	var removed []string
	for len(files) > keep {
		if err := os.Remove(files[0].Path); err != nil {
			return removed, err
		}
		removed = append(removed, files[0].Name)
		files = files[1:]
	}
	return removed, nil
}

// Unzip returns the path of an uncompressed copy of a snapshot beside it, or the path itself
// when it is not compressed; done removes the copy.
func Unzip(path string) (plain string, done func() error, err error) {
	if filepath.Ext(path) != ".zip" {
		return path, func() error { return nil }, nil
	}
	archive, err := zip.OpenReader(path)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", path, err)
	}
	defer archive.Close()
	if len(archive.File) != 1 {
		return "", nil, fmt.Errorf("%s: a compressed snapshot holds one file, this one %d", path, len(archive.File))
	}
	entry, err := archive.File[0].Open()
	if err != nil {
		return "", nil, err
	}
	defer entry.Close()
	plain = strings.TrimSuffix(path, ".zip") + ".part"
	return plain, func() error { return os.Remove(plain) }, save(plain, "", entry, false)
}
