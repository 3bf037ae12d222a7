package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pkg/sftp"
)

// copyText writes a file; its parents are made, its mode is the server's choice.
func copyText(files *sftp.Client, text, to string) error {
	stat, err := remoteStat(files, to)
	if err != nil {
		return err
	}
	if stat != nil && stat.IsDir() {
		return fmt.Errorf("remote path %s is a directory; when using a text asset, remotePath must be a "+
			"file path", to)
	}
	if err := files.MkdirAll(path.Dir(to)); err != nil {
		return fmt.Errorf("failed to create parent directories for %s: %w", to, err)
	}
	if err := write(files, strings.NewReader(text), to); err != nil {
		return fmt.Errorf("failed to write text content to remote path %s: %w", to, err)
	}
	return nil
}

// copyPath uploads a file or a directory: a directory lands in `to` under its own name, unless its own
// path ends in a slash; a file does so when `to` is a directory.
func copyPath(files *sftp.Client, from, to string) error {
	local, err := os.Stat(from)
	if err != nil {
		return err
	}
	remote, err := remoteStat(files, to)
	if err != nil {
		return err
	}
	if local.IsDir() {
		if remote == nil {
			if err := files.MkdirAll(to); err != nil {
				return fmt.Errorf("failed to create remote directory %s: %w", to, err)
			}
		}
		if !strings.HasSuffix(from, "/") {
			to = path.Join(to, filepath.Base(from))
		}
		return copyDirectory(files, from, to)
	}
	if remote != nil && remote.IsDir() {
		to = path.Join(to, filepath.Base(from))
	} else if remote == nil {
		if err := files.MkdirAll(path.Dir(to)); err != nil {
			return fmt.Errorf("failed to create parent directories for %s: %w", to, err)
		}
	}
	return copyFile(files, from, to)
}

func copyDirectory(files *sftp.Client, from, to string) error {
	return fs.WalkDir(os.DirFS(from), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := path.Join(to, name)
		if !entry.IsDir() {
			return copyFile(files, filepath.Join(from, name), target)
		}
		stat, err := remoteStat(files, target)
		switch {
		case err != nil:
			return err
		case stat == nil:
			if err := files.Mkdir(target); err != nil {
				return fmt.Errorf("failed to create remote directory %s: %w", target, err)
			}
		case !stat.IsDir():
			return fmt.Errorf("remote path %s exists but is not a directory", target)
		}
		return nil
	})
}

func copyFile(files *sftp.Client, from, to string) error {
	local, err := os.Open(from)
	if err != nil {
		return err
	}
	copyErr := write(files, local, to)
	if copyErr != nil {
		copyErr = fmt.Errorf("failed to copy file %s to remote path %s: %w", from, to, copyErr)
	}
	return errors.Join(copyErr, local.Close())
}

func write(files *sftp.Client, from io.Reader, to string) error {
	remote, err := files.Create(to)
	if err != nil {
		return fmt.Errorf("failed to create remote file %s: %w", to, err)
	}
	_, err = remote.ReadFrom(from)
	return errors.Join(err, remote.Close())
}

// remoteStat is nil for a path that does not exist.
func remoteStat(files *sftp.Client, path string) (fs.FileInfo, error) {
	stat, err := files.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("failed to stat remote path %s: %w", path, err)
	}
	return stat, nil
}
