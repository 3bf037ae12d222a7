package tls

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"

	"homelab/lab/plugins/provider"
)

func TestOpenSSHReadsBothHalves(t *testing.T) {
	_, outputs, err := makeKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []resource.PropertyKey{
		"privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8",
	} {
		signer, err := ssh.ParsePrivateKey([]byte(outputs[name].StringValue()))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := string(ssh.MarshalAuthorizedKey(signer.PublicKey())); got !=
			outputs["publicKeyOpenssh"].StringValue() {
			t.Errorf("%s belongs to %s", name, got)
		}
	}
}

func TestAnotherAlgorithmIsRefusedByName(t *testing.T) {
	kind := New().Resources["tls:index/privateKey:PrivateKey"]
	_, refused, err := kind.Check(t.Context(), provider.Check{News: provider.Map{
		"algorithm": resource.NewProperty("RSA")}})
	if err != nil || len(refused) != 1 || !strings.Contains(refused[0].Reason,
		`the lab's tls plugin does not serve keys of algorithm "RSA"; it serves ED25519`) {
		t.Errorf("%v, %v", refused, err)
	}
}
