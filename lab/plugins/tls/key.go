// Package tls is the stand-in for pulumi-resource-tls 5.6: private keys in the formats that OpenSSH and
// OpenSSL read. Certificates are not supported.
package tls

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // an identifier, as the official plugin computes it
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"

	"homelab/lab/plugins/provider"
)

var curves = map[string]elliptic.Curve{
	"P224": elliptic.P224(), "P256": elliptic.P256(), "P384": elliptic.P384(), "P521": elliptic.P521(),
}

// Main serves the plugin.
func Main() error {
	return provider.Main(New())
}

// New describes the plugin; property names are those of the package @pulumi/tls.
func New() provider.Provider {
	return provider.Provider{
		Name: "tls",
		Resources: map[string]provider.Resource{"tls:index/privateKey:PrivateKey": &provider.Generated{
			Inputs: []provider.Input{
				{Name: "algorithm", Required: true},
				{Name: "ecdsaCurve", Default: "P224"}, {Name: "rsaBits", Default: 2048.0},
			},
			Outputs: []string{
				"privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8", "publicKeyOpenssh",
				"publicKeyPem", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256",
			},
			Secrets:  []string{"privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"},
			Validate: validate,
			Make:     makeKey,
		}},
	}
}

func validate(inputs provider.Map) []provider.Failure {
	switch algorithm := provider.Text(inputs, "algorithm"); algorithm {
	case "RSA", "ED25519":
	case "ECDSA":
		if curve := provider.Text(inputs, "ecdsaCurve"); curves[curve] == nil {
			return []provider.Failure{{Property: "ecdsaCurve",
				Reason: fmt.Sprintf("value must be one of P224, P256, P384, P521, got: %q", curve)}}
		}
	default:
		return []provider.Failure{{Property: "algorithm",
			Reason: fmt.Sprintf("value must be one of RSA, ECDSA, ED25519, got: %q", algorithm)}}
	}
	return nil
}

func generate(inputs provider.Map) (crypto.Signer, error) {
	switch provider.Text(inputs, "algorithm") {
	case "RSA":
		return rsa.GenerateKey(rand.Reader, int(inputs["rsaBits"].NumberValue()))
	case "ECDSA":
		return ecdsa.GenerateKey(curves[provider.Text(inputs, "ecdsaCurve")], rand.Reader)
	default:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
}

func makeKey(inputs provider.Map) (string, provider.Map, error) {
	key, err := generate(inputs)
	if err != nil {
		return "", nil, fmt.Errorf("generating the key: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", nil, fmt.Errorf("encoding the key as PKCS#8: %w", err)
	}
	traditional, err := traditionalPEM(key, pkcs8)
	if err != nil {
		return "", nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", nil, fmt.Errorf("encoding the public key: %w", err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	values := map[resource.PropertyKey]string{
		"privateKeyPem":      string(traditional),
		"privateKeyPemPkcs8": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
		"publicKeyPem":       string(publicPEM),
	}
	if err := addOpenSSH(values, key, provider.Text(inputs, "ecdsaCurve")); err != nil {
		return "", nil, err
	}
	outputs := provider.Map{}
	for name, value := range values {
		outputs[name] = resource.NewProperty(value)
	}
	id := sha1.Sum(public) //nolint:gosec // an identifier, as above
	return hex.EncodeToString(id[:]), outputs, nil
}

// traditionalPEM is the oldest common format of each algorithm; Ed25519 has none but PKCS#8.
func traditionalPEM(key crypto.Signer, pkcs8 []byte) ([]byte, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return pem.EncodeToMemory(&pem.Block{
			Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key),
		}), nil
	case *ecdsa.PrivateKey:
		der, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("encoding the EC key: %w", err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
	default:
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), nil
	}
}

// addOpenSSH adds OpenSSH's formats and fingerprints; all are empty for P224, which SSH does not know.
func addOpenSSH(values map[resource.PropertyKey]string, key crypto.Signer, curve string) error {
	for _, name := range []resource.PropertyKey{
		"privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256",
	} {
		values[name] = ""
	}
	if _, isEC := key.(*ecdsa.PrivateKey); isEC && curve == "P224" {
		return nil
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return fmt.Errorf("encoding the key for OpenSSH: %w", err)
	}
	public, err := ssh.NewPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("encoding the public key for OpenSSH: %w", err)
	}
	values["privateKeyOpenssh"] = string(pem.EncodeToMemory(block))
	values["publicKeyOpenssh"] = strings.TrimRight(string(ssh.MarshalAuthorizedKey(public)), "\n") + "\n"
	values["publicKeyFingerprintMd5"] = ssh.FingerprintLegacyMD5(public)
	values["publicKeyFingerprintSha256"] = ssh.FingerprintSHA256(public)
	return nil
}
