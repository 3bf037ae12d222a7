package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const maxLog = 16 << 20

func (c *Child) openLog() (*os.File, int64, error) {
	path := c.Layout.ChildLog(c.Name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, 0, err
	}
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, 0, err
		}
	}
	if err := c.linkPodLog(path); err != nil {
		return nil, 0, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

// linkPodLog shows the log where a static pod's would be.
func (c *Child) linkPodLog(path string) error {
	if c.PodLogs == "" {
		return nil
	}
	dir := filepath.Join(c.PodLogs, fmt.Sprintf("kube-system_%s-%s_static", c.Name, c.Node), c.Name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	err := os.Symlink(path, filepath.Join(dir, "0.log"))
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
