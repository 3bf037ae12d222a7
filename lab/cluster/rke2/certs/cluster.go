package certs

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"homelab/lab/cluster/rke2/layout"
)

// Cluster holds the authorities that all servers share.
type Cluster struct {
	Server, Client, RequestHeader, EtcdPeer, EtcdServer *CA
}

// shared are the files below <data-dir>/server that every server has the same of.
var shared = []string{
	"tls/server-ca.crt", "tls/server-ca.key", "tls/client-ca.crt", "tls/client-ca.key",
	"tls/request-header-ca.crt", "tls/request-header-ca.key",
	"tls/etcd/peer-ca.crt", "tls/etcd/peer-ca.key",
	"tls/etcd/server-ca.crt", "tls/etcd/server-ca.key",
	"tls/service.key", "cred/encryption-config.json",
}

// EnsureCluster loads the shared authorities, making what is missing: a joining server has
// written another's with Unpack before.
func EnsureCluster(l layout.Layout, encryption bool) (*Cluster, error) {
	c := &Cluster{}
	for _, ca := range []struct {
		into **CA
		path string
		name string
	}{
		{&c.Server, "server-ca", "rke2-server-ca"},
		{&c.Client, "client-ca", "rke2-client-ca"},
		{&c.RequestHeader, "request-header-ca", "rke2-request-header-ca"},
		{&c.EtcdPeer, "etcd/peer-ca", "etcd-peer-ca"},
		{&c.EtcdServer, "etcd/server-ca", "etcd-server-ca"},
	} {
		loaded, err := EnsureCA(l.TLS(ca.path), ca.name)
		if err != nil {
			return nil, err
		}
		*ca.into = loaded
	}
	if err := EnsureServiceKey(l.TLS("service.key")); err != nil {
		return nil, err
	}
	if encryption {
		if err := ensureEncryption(l.EncryptionConfig()); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Initialized says whether this server already has the cluster's authorities.
func Initialized(l layout.Layout) bool {
	for _, name := range shared {
		if strings.HasPrefix(name, "tls/") {
			if _, err := os.Stat(l.Server(name)); err != nil {
				return false
			}
		}
	}
	return true
}

// Pack collects the shared files as JSON: path below server/ to content in base64.
func Pack(l layout.Layout) ([]byte, error) {
	files := map[string][]byte{}
	for _, name := range shared {
		content, err := os.ReadFile(l.Server(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		files[name] = content
	}
	return json.Marshal(files)
}

// Unpack writes what Pack collected, and nothing else.
func Unpack(l layout.Layout, packed []byte) error {
	files := map[string][]byte{}
	if err := json.Unmarshal(packed, &files); err != nil {
		return fmt.Errorf("bootstrap data: %w", err)
	}
	for _, name := range shared {
		content, ok := files[name]
		if !ok {
			continue
		}
		mode := os.FileMode(0o600)
		if filepath.Ext(name) == ".crt" {
			mode = 0o644
		}
		if err := Write(l.Server(name), content, mode); err != nil {
			return err
		}
	}
	return nil
}

// ensureEncryption writes the apiserver's EncryptionConfiguration with a new AES-CBC key.
// https://kubernetes.io/docs/reference/config-api/apiserver-config.v1/
func ensureEncryption(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	type object = map[string]any
	content, err := json.Marshal(object{
		"kind": "EncryptionConfiguration", "apiVersion": "apiserver.config.k8s.io/v1",
		"resources": []object{{
			"resources": []string{"secrets"},
			"providers": []object{
				{"aescbc": object{"keys": []object{{
					"name": "aescbckey", "secret": base64.StdEncoding.EncodeToString(key),
				}}}},
				{"identity": object{}},
			},
		}},
	})
	if err != nil {
		return err
	}
	return Write(path, content, 0o600)
}
