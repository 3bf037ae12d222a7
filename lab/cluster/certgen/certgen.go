// Package certgen plays cilium-certgen, the program of Cilium's job that makes certificates: its flags, its configuration
// and the Secrets that it leaves, as of https://github.com/cilium/certgen (v0.4).
package certgen

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"homelab/lab/cluster/kubelet/program"
)

// authorityLifetime is certgen's default for an authority that it makes.
const authorityLifetime = 3 * 365 * 24 * time.Hour

// config is what CILIUM_CERTGEN_CONFIG holds.
type config struct {
	Certs []certificate `json:"certs"`
}

type certificate struct {
	Name, Namespace, CommonName string
	Hosts, Usage                []string
	Validity                    string
}

// authority signs the certificates.
type authority struct {
	cert *x509.Certificate
	pem  []byte
	key  crypto.Signer
}

// Run makes every certificate of the configuration anew, however long the old one lasts, and ends.
func Run(ctx context.Context, c program.Container) error {
	namespace, name, err := flags(c.Spec.Args)
	if err != nil {
		return err
	}
	var wanted config
	if err := yaml.UnmarshalStrict([]byte(c.Env["CILIUM_CERTGEN_CONFIG"]), &wanted); err != nil {
		return fmt.Errorf("CILIUM_CERTGEN_CONFIG: %w", err)
	}
	client, err := kubernetes.NewForConfig(c.API)
	if err != nil {
		return err
	}
	ca, err := ensureAuthority(ctx, client, namespace, name)
	if err != nil {
		return fmt.Errorf("certificate authority %s/%s: %w", namespace, name, err)
	}
	for _, one := range wanted.Certs {
		if err := issue(ctx, client, ca, one); err != nil {
			return fmt.Errorf("certificate %s/%s: %w", one.Namespace, one.Name, err)
		}
		c.Logger.Info("certificate made", "secret", one.Namespace+"/"+one.Name, "validity", one.Validity)
	}
	return nil
}

// flags reads where the authority's Secret is; flags that the chart does not give are refused.
func flags(args []string) (namespace, name string, err error) {
	for _, arg := range args {
		flag, value, _ := strings.Cut(arg, "=")
		switch flag {
		case "--ca-secret-namespace":
			namespace = value
		case "--ca-secret-name":
			name = value
		case "--ca-generate", "--ca-reuse-secret", "--ca-common-name", "--debug":
		default:
			return "", "", fmt.Errorf("unknown flag: %s", flag)
		}
	}
	if namespace == "" || name == "" {
		return "", "", errors.New("--ca-secret-namespace and --ca-secret-name are needed")
	}
	return namespace, name, nil
}

func ensureAuthority(ctx context.Context, client kubernetes.Interface, namespace, name string) (*authority, error) {
	found, err := client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err == nil {
		return loadAuthority(found)
	}
	if !apierrors.IsNotFound(err) {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Cilium CA"}, NotAfter: time.Now().Add(authorityLifetime),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true,
	}
	made, err := sign(template, &authority{cert: template, key: key}, key.Public())
	if err != nil {
		return nil, err
	}
	encoded, err := keyPEM(key)
	if err != nil {
		return nil, err
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Data:       map[string][]byte{"ca.crt": made, "ca.key": encoded},
	}
	if err := put(ctx, client, secret); err != nil {
		return nil, err
	}
	return loadAuthority(secret)
}

func loadAuthority(secret *corev1.Secret) (*authority, error) {
	certBlock, _ := pem.Decode(secret.Data["ca.crt"])
	keyBlock, _ := pem.Decode(secret.Data["ca.key"])
	if certBlock == nil || keyBlock == nil {
		return nil, errors.New("ca.crt and ca.key are not PEM")
	}
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := parseKey(keyBlock.Bytes)
	if err != nil {
		return nil, err
	}
	return &authority{cert: cert, pem: secret.Data["ca.crt"], key: key}, nil
}

// parseKey takes what certgen writes, and what Helm's genCA has written before it.
func parseKey(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	return x509.ParsePKCS1PrivateKey(der)
}

func issue(ctx context.Context, client kubernetes.Interface, ca *authority, wanted certificate) error {
	validity, err := time.ParseDuration(wanted.Validity)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: wanted.CommonName}, DNSNames: wanted.Hosts, NotAfter: time.Now().Add(validity),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	if slices.Contains(wanted.Usage, "server auth") {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if slices.Contains(wanted.Usage, "client auth") {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	signed, err := sign(template, ca, key.Public())
	if err != nil {
		return err
	}
	encoded, err := keyPEM(key)
	if err != nil {
		return err
	}
	return put(ctx, client, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: wanted.Namespace, Name: wanted.Name},
		Type:       corev1.SecretTypeTLS,
		Data:       map[string][]byte{"ca.crt": ca.pem, "tls.crt": signed, "tls.key": encoded},
	})
}

func sign(template *x509.Certificate, ca *authority, public crypto.PublicKey) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber, template.NotBefore = serial, time.Now().Add(-time.Minute)
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, public, ca.key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

func keyPEM(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

// put creates or replaces; the chart's role lets it read nothing but the authority.
func put(ctx context.Context, client kubernetes.Interface, secret *corev1.Secret) error {
	secrets := client.CoreV1().Secrets(secret.Namespace)
	_, err := secrets.Create(ctx, secret, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		_, err = secrets.Update(ctx, secret, metav1.UpdateOptions{})
	}
	return err
}
