package certgen

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestCertificatesAreMadeAnewBySameAuthority(t *testing.T) {
	ctx, client := context.Background(), fake.NewClientset()
	wanted := certificate{
		Name: "hubble-server-certs", Namespace: "kube-system", CommonName: "*.home.hubble-grpc.cilium.io",
		Hosts: []string{"*.home.hubble-grpc.cilium.io"}, Usage: []string{"signing", "server auth"}, Validity: "8760h",
	}
	var serials []string
	for range 2 {
		ca, err := ensureAuthority(ctx, client, "kube-system", "cilium-ca")
		if err != nil {
			t.Fatal(err)
		}
		if err := issue(ctx, client, ca, wanted); err != nil {
			t.Fatal(err)
		}
		secret, err := client.CoreV1().Secrets("kube-system").Get(ctx, wanted.Name, metav1.GetOptions{})
		if err != nil || secret.Type != "kubernetes.io/tls" {
			t.Fatal(secret, err)
		}
		block, _ := pem.Decode(secret.Data["tls.crt"])
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if err := cert.CheckSignatureFrom(ca.cert); err != nil {
			t.Error(err)
		}
		if left := time.Until(cert.NotAfter); left < 364*24*time.Hour || left > 365*24*time.Hour {
			t.Errorf("it lasts %s", left)
		}
		serials = append(serials, cert.SerialNumber.String())
	}
	if serials[0] == serials[1] {
		t.Error("the second run kept the certificate")
	}
}

func TestFlagsThatTheChartDoesNotGiveAreRefused(t *testing.T) {
	if _, _, err := flags([]string{"--ca-secret-namespace=a", "--ca-secret-name=b", "--ca-generate=true"}); err != nil {
		t.Error(err)
	}
	if _, _, err := flags([]string{"--hubble-server-cert-generate"}); err == nil {
		t.Error("took an unknown flag")
	}
}
