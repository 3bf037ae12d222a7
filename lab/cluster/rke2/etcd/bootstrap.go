package etcd

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	bootstrapPrefix = "/bootstrap/"
	saltLength      = 16
	iterations      = 4096
)

// ErrOtherToken is RKE2's text for a datastore that belongs to another token.
var ErrOtherToken = errors.New("bootstrap data already found and encrypted with different token")

// StoreBootstrap keeps the servers' shared files in etcd, encrypted with the token, so that a
// snapshot brings its authorities and encryption keys along to a machine that has neither.
func StoreBootstrap(ctx context.Context, client *clientv3.Client, password string, packed []byte) error {
	key := storageKey(password)
	found, err := client.Get(ctx, key, clientv3.WithCountOnly())
	if err != nil || found.Count > 0 {
		return err
	}
	sealed, err := seal(password, packed)
	if err != nil {
		return err
	}
	_, err = client.Put(ctx, key, string(sealed))
	return err
}

// LoadBootstrap returns what StoreBootstrap kept, or nil when there is none.
func LoadBootstrap(ctx context.Context, client *clientv3.Client, password string) ([]byte, error) {
	found, err := client.Get(ctx, bootstrapPrefix, clientv3.WithPrefix())
	if err != nil || found.Count == 0 {
		return nil, err
	}
	for _, kv := range found.Kvs {
		if string(kv.Key) == storageKey(password) {
			return open(password, kv.Value)
		}
	}
	return nil, ErrOtherToken
}

func storageKey(password string) string { return bootstrapPrefix + TokenHash(password) }

// TokenHash tells which token a snapshot belongs to.
func TokenHash(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])[:12]
}

func sealer(password string, salt []byte) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha256.New, password, salt, iterations, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func seal(password string, plain []byte) ([]byte, error) {
	head := make([]byte, saltLength+12)
	if _, err := rand.Read(head); err != nil {
		return nil, err
	}
	aead, err := sealer(password, head[:saltLength])
	if err != nil {
		return nil, err
	}
	return aead.Seal(head, head[saltLength:], plain, nil), nil
}

func open(password string, sealed []byte) ([]byte, error) {
	if len(sealed) < saltLength+12 {
		return nil, errors.New("bootstrap data in etcd is cut off")
	}
	aead, err := sealer(password, sealed[:saltLength])
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, sealed[saltLength:saltLength+12], sealed[saltLength+12:], nil)
}
