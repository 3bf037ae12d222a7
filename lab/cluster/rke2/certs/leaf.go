package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"time"
)

const (
	leafLifetime = 365 * 24 * time.Hour
	// RenewBefore is how long before its end RKE2 renews a certificate, and only at a start: CertificateRenewDays of
	// https://github.com/k3s-io/k3s/blob/master/pkg/daemons/config/types.go
	RenewBefore = 120 * 24 * time.Hour
)

// Leaf says what a certificate is for. SANs are addresses or DNS names.
type Leaf struct {
	CommonName   string
	Organization []string
	SANs         []string
	// Usage is client, server, or both for etcd's peers.
	Usage []x509.ExtKeyUsage
}

// Usages of a leaf.
var (
	Client = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	Serve  = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	Peer   = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
)

// Ensure keeps <path>.crt and <path>.key when they are this leaf, of this CA and far from their
// end, and makes new ones otherwise. The file holds the leaf and then its CA.
func (ca *CA) Ensure(path string, leaf Leaf) error {
	if cert, _, err := readCert(path + ".crt"); err == nil && ca.fits(cert, leaf) {
		if key, err := readKey(path + ".key"); err == nil && key.PublicKey.Equal(cert.PublicKey) {
			return nil
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	signed, err := ca.sign(leaf, key.Public())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := writeKey(path+".key", key); err != nil {
		return err
	}
	return Write(path+".crt", signed, 0o644)
}

func (ca *CA) fits(cert *x509.Certificate, leaf Leaf) bool {
	names, ips := leaf.split()
	var have []string
	for _, ip := range cert.IPAddresses {
		have = append(have, ip.String())
	}
	var want []string
	for _, ip := range ips {
		want = append(want, ip.String())
	}
	slices.Sort(have)
	slices.Sort(want)
	gotNames := slices.Sorted(slices.Values(cert.DNSNames))
	slices.Sort(names)
	return cert.CheckSignatureFrom(ca.Cert) == nil &&
		time.Until(cert.NotAfter) > RenewBefore &&
		cert.Subject.CommonName == leaf.CommonName &&
		slices.Equal(cert.Subject.Organization, leaf.Organization) &&
		slices.Equal(have, want) && slices.Equal(gotNames, names)
}

func (l Leaf) split() (names []string, ips []net.IP) {
	for _, san := range l.SANs {
		if ip := net.ParseIP(san); ip != nil {
			if !slices.ContainsFunc(ips, ip.Equal) {
				ips = append(ips, ip)
			}
		} else if san != "" && !slices.Contains(names, san) {
			names = append(names, san)
		}
	}
	return names, ips
}

func (ca *CA) sign(leaf Leaf, public any) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	names, ips := leaf.split()
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: leaf.CommonName, Organization: leaf.Organization},
		NotBefore:    ca.Cert.NotBefore,
		NotAfter:     time.Now().Add(leafLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  leaf.Usage,
		DNSNames:     names,
		IPAddresses:  ips,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.Cert, public, ca.Key)
	if err != nil {
		return nil, err
	}
	return append(encode("CERTIFICATE", der), ca.PEM...), nil
}

// SignRequest signs the public key of a PEM certificate request as leaf; what the request
// itself asks for is ignored, so that a node cannot name itself.
func (ca *CA) SignRequest(request []byte, leaf Leaf) ([]byte, error) {
	block, _ := pem.Decode(request)
	if block == nil {
		return nil, errors.New("the body is not a PEM certificate request")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, err
	}
	return ca.sign(leaf, csr.PublicKey)
}

// NewRequest loads or makes the key at <path>.key and returns a PEM request for it.
func NewRequest(path string) ([]byte, error) {
	key, err := readKey(path + ".key")
	if err != nil {
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return nil, err
		}
		if err := writeKey(path+".key", key); err != nil {
			return nil, err
		}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, err
	}
	return encode("CERTIFICATE REQUEST", der), nil
}
