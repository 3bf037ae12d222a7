// Package certs makes and keeps the cluster's certificate authorities and the certificates
// of one node. Files and names are RKE2's: https://docs.rke2.io/security/certificates
package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

const caLifetime = 10 * 365 * 24 * time.Hour

// CA is a certificate authority that can sign.
type CA struct {
	Cert *x509.Certificate
	PEM  []byte
	Key  crypto.Signer
}

// EnsureCA loads <path>.crt and <path>.key, or makes them when both are missing.
func EnsureCA(path, name string) (*CA, error) {
	if _, err := os.Stat(path + ".crt"); errors.Is(err, fs.ErrNotExist) {
		if err := createCA(path, name); err != nil {
			return nil, err
		}
	}
	return LoadCA(path)
}

// LoadCA reads <path>.crt and <path>.key.
func LoadCA(path string) (*CA, error) {
	cert, certPEM, err := readCert(path + ".crt")
	if err != nil {
		return nil, err
	}
	key, err := readKey(path + ".key")
	if err != nil {
		return nil, err
	}
	return &CA{Cert: cert, PEM: certPEM, Key: key}, nil
}

func createCA(path, name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: fmt.Sprintf("%s@%d", name, now.Unix())},
		NotBefore:             now.Add(-time.Minute),
		NotAfter:              now.Add(caLifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	// The key goes first: a certificate on disk then always has its key.
	if err := writeKey(path+".key", key); err != nil {
		return err
	}
	return Write(path+".crt", encode("CERTIFICATE", der), 0o644)
}

// EnsureServiceKey makes the RSA key that signs service account tokens, when it is missing.
func EnsureServiceKey(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	return Write(path, encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)), 0o600)
}

// Write replaces a file as a whole, making its directory; a kill leaves the old or the new one.
func Write(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, mode); err != nil {
		return err
	}
	if err := os.Chmod(temporary, mode); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return Write(path, encode("EC PRIVATE KEY", der), 0o600)
}

func readCert(path string) (*x509.Certificate, []byte, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, nil, fmt.Errorf("%s: not a PEM certificate", path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return cert, content, nil
}

// Chain reads all certificates of a PEM file, the leaf first.
func Chain(content []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		chain = append(chain, cert)
	}
	return chain, nil
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return nil, fmt.Errorf("%s: not a PEM key", path)
	}
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}
