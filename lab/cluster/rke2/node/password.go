// Package node keeps what belongs to one node of the cluster: its password and its marks on
// the Node object.
package node

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/layout"

	"golang.org/x/crypto/scrypt"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// ErrRejected is RKE2's text for a password that is not the node's.
var ErrRejected = errors.New("Node password rejected, duplicate hostname or contents of " +
	"'/etc/rancher/node/password' may not match server node-passwd entry, " +
	"try enabling a unique node name with the --with-node-id flag")

const (
	log2N, blockSize, parallel = 12, 8, 1
	hashLength                 = 32
)

// Password returns this node's password, made the first time.
func Password() (string, error) {
	content, err := os.ReadFile(layout.NodePassword)
	if err == nil {
		return strings.TrimSpace(string(content)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	password := hex.EncodeToString(b)
	return password, certs.Write(layout.NodePassword, []byte(password+"\n"), 0o600)
}

// SecretName is the Secret in kube-system that holds a node's password, hashed.
func SecretName(node string) string { return node + ".node-password.rke2" }

// CheckPassword compares with the cluster's record of the node, or makes the record.
func CheckPassword(ctx context.Context, client kubernetes.Interface, node, password string) error {
	secrets := client.CoreV1().Secrets(metav1.NamespaceSystem)
	secret, err := secrets.Get(ctx, SecretName(node), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		hash, err := hash(password)
		if err != nil {
			return err
		}
		immutable := true
		_, err = secrets.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: SecretName(node), Namespace: metav1.NamespaceSystem},
			Immutable:  &immutable,
			Data:       map[string][]byte{"hash": []byte(hash)},
		}, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return CheckPassword(ctx, client, node, password)
		}
		return err
	}
	if err != nil {
		return err
	}
	return verify(string(secret.Data["hash"]), password)
}

func hash(password string) (string, error) {
	salt := make([]byte, 8)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	sum, err := scrypt.Key([]byte(password), salt, 1<<log2N, blockSize, parallel, hashLength)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$1:%x:%d:%d:%d:%s", salt, log2N, blockSize, parallel,
		base64.RawStdEncoding.EncodeToString(sum)), nil
}

func verify(stored, password string) error {
	var n, r, p int
	parts := strings.Split(stored, ":")
	if len(parts) != 6 || parts[0] != "$1" {
		return errors.New("node password: the Secret's hash is not of the form $1:salt:N:r:p:hash")
	}
	if _, err := fmt.Sscan(strings.Join(parts[2:5], " "), &n, &r, &p); err != nil {
		return fmt.Errorf("node password: %w", err)
	}
	salt, err := hex.DecodeString(parts[1])
	if err != nil {
		return fmt.Errorf("node password: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return fmt.Errorf("node password: %w", err)
	}
	got, err := scrypt.Key([]byte(password), salt, 1<<n, r, p, len(want))
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(got, want) != 1 {
		return ErrRejected
	}
	return nil
}
