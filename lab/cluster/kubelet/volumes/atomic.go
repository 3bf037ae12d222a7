package volumes

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Names that the kubelet's writer uses in a volume (pkg/volume/util/atomic_writer.go).
const (
	dataName    = "..data"
	newDataName = "..data_tmp"
)

// file is one file of a volume.
type file struct {
	content []byte
	mode    os.FileMode
	// user owns the file; nil for root.
	user *int64
}

// writeAtomically makes the directory's files those of payload, path to file. As the kubelet's
// AtomicWriter does, it puts them into a new directory and swaps the link `..data` to it, so that a
// reader sees all files of one version; the names that a container opens are links through `..data`.
func writeAtomically(directory string, payload map[string]file, group *int64) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	for name := range payload {
		if !filepath.IsLocal(name) || strings.HasPrefix(name, "..") {
			return fmt.Errorf("invalid path %q in a volume", name)
		}
	}
	current, err := os.Readlink(filepath.Join(directory, dataName))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if current != "" && same(filepath.Join(directory, current), payload) {
		return nil
	}
	version, err := os.MkdirTemp(directory, "..version_")
	if err != nil {
		return err
	}
	if err := writeVersion(version, payload, group); err != nil {
		return err
	}
	link := filepath.Join(directory, newDataName)
	if err := os.Symlink(filepath.Base(version), link); err != nil {
		return err
	}
	if err := os.Rename(link, filepath.Join(directory, dataName)); err != nil {
		return err
	}
	if err := showNames(directory, payload); err != nil {
		return err
	}
	if current == "" {
		return nil
	}
	return os.RemoveAll(filepath.Join(directory, current))
}

func writeVersion(version string, payload map[string]file, group *int64) error {
	if err := os.Chmod(version, 0o755); err != nil {
		return err
	}
	for name, one := range payload {
		path := filepath.Join(version, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, one.content, one.mode); err != nil {
			return err
		}
		mode, owner, groupID := one.mode, -1, -1
		if one.user != nil {
			owner = int(*one.user)
		}
		if group != nil {
			groupID, mode = int(*group), mode|0o440
		}
		// Not WriteFile's mode: that is cut by the umask.
		if err := errors.Join(os.Chmod(path, mode), os.Lchown(path, owner, groupID)); err != nil {
			return err
		}
	}
	return nil
}

// showNames links the first element of each path, and removes the links of what is gone.
func showNames(directory string, payload map[string]file) error {
	wanted := map[string]bool{}
	for name := range payload {
		first, _, _ := strings.Cut(filepath.ToSlash(name), "/")
		wanted[first] = true
	}
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); strings.HasPrefix(name, "..") {
			continue
		} else if wanted[name] {
			delete(wanted, name)
		} else if err := os.Remove(filepath.Join(directory, name)); err != nil {
			return err
		}
	}
	for name := range wanted {
		if err := os.Symlink(filepath.Join(dataName, name), filepath.Join(directory, name)); err != nil {
			return err
		}
	}
	return nil
}

// same tells whether the version has exactly these files.
func same(version string, payload map[string]file) bool {
	count := 0
	err := filepath.WalkDir(version, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(version, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		if one, known := payload[name]; err == nil && (!known || !bytes.Equal(content, one.content)) {
			return errors.New("differs")
		}
		count++
		return err
	})
	return err == nil && count == len(payload)
}
