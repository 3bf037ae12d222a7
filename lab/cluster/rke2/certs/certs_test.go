package certs

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"homelab/lab/cluster/rke2/layout"
)

func TestALeafIsKeptUntilItsNamesChange(t *testing.T) {
	dir := t.TempDir()
	ca, err := EnsureCA(filepath.Join(dir, "ca"), "test-ca")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "leaf")
	issue := func(sans ...string) []byte {
		t.Helper()
		if err := ca.Ensure(path, Leaf{"server", nil, sans, Serve}); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path + ".crt")
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	first := issue("a", "10.0.0.1", "::1", "a")
	if !bytes.Equal(first, issue("::1", "10.0.0.1", "a")) {
		t.Error("the same names made a new certificate")
	}
	if bytes.Equal(first, issue("b", "10.0.0.1")) {
		t.Error("other names kept the certificate")
	}
}

func TestARequestCannotNameItself(t *testing.T) {
	dir := t.TempDir()
	ca, err := EnsureCA(filepath.Join(dir, "ca"), "test-ca")
	if err != nil {
		t.Fatal(err)
	}
	request, err := NewRequest(filepath.Join(dir, "node"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := ca.SignRequest(request, KubeletLeaf("stone"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(signed)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil || cert.Subject.CommonName != "system:node:stone" || cert.Subject.Organization[0] != "system:nodes" {
		t.Errorf("%v %v", cert.Subject, err)
	}
	if _, err := ca.SignRequest([]byte("x"), Leaf{}); err == nil {
		t.Error("signed what is no request")
	}
}

func TestServersShareTheirAuthorities(t *testing.T) {
	first, second := layout.Layout{DataDir: t.TempDir()}, layout.Layout{DataDir: t.TempDir()}
	a, err := EnsureCluster(first, true)
	if err != nil {
		t.Fatal(err)
	}
	if Initialized(second) {
		t.Error("an empty node counts as initialized")
	}
	packed, err := Pack(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := Unpack(second, packed); err != nil {
		t.Fatal(err)
	}
	b, err := EnsureCluster(second, true)
	if err != nil || !Initialized(second) || !a.Server.Cert.Equal(b.Server.Cert) || !a.EtcdPeer.Cert.Equal(b.EtcdPeer.Cert) {
		t.Errorf("the second server has other authorities: %v", err)
	}
	one, _ := os.ReadFile(first.EncryptionConfig())
	two, _ := os.ReadFile(second.EncryptionConfig())
	if len(one) == 0 || !bytes.Equal(one, two) {
		t.Error("the encryption keys differ")
	}
}
