package rook

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// aboutFolder has what is known of a cluster's objects besides their content; no bucket is called so.
const aboutFolder = ".about"

// bucketFiles are a bucket's objects, a file each.
type bucketFiles struct{ root, fsid, name string }

// about is what is known of an object besides its content.
type about struct {
	// ETag is the content's MD5 without quotes.
	ETag string
	Type string
	// Metadata are the client's own headers X-Amz-Meta-*, by their whole names.
	Metadata map[string]string
	size     int64
	modified time.Time
}

func (b bucketFiles) folder() string { return filepath.Join(b.root, b.fsid, b.name) }

func (b bucketFiles) aboutFolder() string { return filepath.Join(b.root, b.fsid, aboutFolder, b.name) }

// removeAll ends the bucket.
func (b bucketFiles) removeAll() error {
	return errors.Join(os.RemoveAll(b.folder()), os.RemoveAll(b.aboutFolder()))
}

func (b bucketFiles) put(key string, content []byte, known about) (about, error) {
	path, err := objectPath(b.root, b.fsid, b.name, key)
	if err != nil {
		return known, err
	}
	digest := md5.Sum(content)
	known.ETag = hex.EncodeToString(digest[:])
	text, err := json.Marshal(known)
	if err != nil {
		return known, err
	}
	return known, errors.Join(writeBelow(b.aboutPath(key), text), writeBelow(path, content))
}

func (b bucketFiles) get(key string) ([]byte, about, error) {
	path, err := objectPath(b.root, b.fsid, b.name, key)
	if err != nil {
		return nil, about{}, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, about{}, err
	}
	known, err := b.about(key, path)
	return content, known, err
}

// remove takes an object away; one that is not there counts as taken away.
func (b bucketFiles) remove(key string) error {
	path, err := objectPath(b.root, b.fsid, b.name, key)
	if err != nil {
		return err
	}
	return errors.Join(ignoreGone(os.Remove(path)), ignoreGone(os.Remove(b.aboutPath(key))))
}

// list tells of the objects whose keys begin so.
func (b bucketFiles) list(prefix string, tell func(key string, known about)) error {
	root := b.folder()
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return ignoreGone(err)
		}
		relative, err := filepath.Rel(root, path)
		key := filepath.ToSlash(relative)
		if err != nil || !strings.HasPrefix(key, prefix) {
			return err
		}
		known, err := b.about(key, path)
		if err == nil {
			tell(key, known)
		}
		return ignoreGone(err)
	})
}

func (b bucketFiles) about(key, path string) (about, error) {
	info, err := os.Stat(path)
	if err != nil {
		return about{}, err
	}
	text, err := os.ReadFile(b.aboutPath(key))
	if err != nil {
		return about{}, err
	}
	known := about{size: info.Size(), modified: info.ModTime().UTC()}
	return known, json.Unmarshal(text, &known)
}

func (b bucketFiles) aboutPath(key string) string {
	digest := sha256.Sum256([]byte(key))
	return filepath.Join(b.aboutFolder(), hex.EncodeToString(digest[:]))
}

func writeBelow(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o666)
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
