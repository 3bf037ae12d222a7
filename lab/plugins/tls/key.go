// Package tls is the stand-in for pulumi-resource-tls 5.6: Ed25519 keys in the formats that OpenSSH and
// OpenSSL read. Other algorithms and certificates are not served.
package tls

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // an identifier, as the official plugin computes it
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"

	"homelab/lab/plugins/provider"
)

// New describes the plugin; property names are those of the package @pulumi/tls.
func New() provider.Provider {
	return provider.Provider{
		Name: "tls",
		Resources: map[string]provider.Resource{"tls:index/privateKey:PrivateKey": &provider.Generated{
			Inputs: []provider.Input{
				{Name: "algorithm", Required: true},
				// The defaults of other algorithms stand in the official plugin's state too.
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
	if algorithm := provider.Text(inputs, "algorithm"); algorithm != "ED25519" {
		return []provider.Failure{{Property: "algorithm", Reason: fmt.Sprintf(
			"the lab's tls plugin does not serve keys of algorithm %q; it serves ED25519", algorithm)}}
	}
	return nil
}

func makeKey(provider.Map) (string, provider.Map, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", nil, fmt.Errorf("generating the key: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", nil, fmt.Errorf("encoding the key as PKCS#8: %w", err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", nil, fmt.Errorf("encoding the public key: %w", err)
	}
	openssh, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return "", nil, fmt.Errorf("encoding the key for OpenSSH: %w", err)
	}
	sshPublic, err := ssh.NewPublicKey(public)
	if err != nil {
		return "", nil, fmt.Errorf("encoding the public key for OpenSSH: %w", err)
	}
	// Ed25519 has no traditional format beside PKCS#8.
	privatePEM := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	outputs := provider.Map{}
	for name, value := range map[resource.PropertyKey]string{
		"privateKeyPem":              privatePEM,
		"privateKeyPemPkcs8":         privatePEM,
		"publicKeyPem":               string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})),
		"privateKeyOpenssh":          string(pem.EncodeToMemory(openssh)),
		"publicKeyOpenssh":           string(ssh.MarshalAuthorizedKey(sshPublic)),
		"publicKeyFingerprintMd5":    ssh.FingerprintLegacyMD5(sshPublic),
		"publicKeyFingerprintSha256": ssh.FingerprintSHA256(sshPublic),
	} {
		outputs[name] = resource.NewProperty(value)
	}
	id := sha1.Sum(pkix) //nolint:gosec // an identifier, as above
	return hex.EncodeToString(id[:]), outputs, nil
}
