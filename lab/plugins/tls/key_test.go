package tls

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"

	"homelab/lab/plugins/provider"
)

func TestOpenSSHReadsBothHalvesOfEveryAlgorithm(t *testing.T) {
	for _, inputs := range []provider.Map{
		{"algorithm": resource.NewProperty("ED25519")},
		{"algorithm": resource.NewProperty("RSA"), "rsaBits": resource.NewProperty(1024.0)},
		{"algorithm": resource.NewProperty("ECDSA"), "ecdsaCurve": resource.NewProperty("P256")},
	} {
		_, outputs, err := makeKey(inputs)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []resource.PropertyKey{
			"privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8",
		} {
			signer, err := ssh.ParsePrivateKey([]byte(outputs[name].StringValue()))
			if err != nil {
				t.Errorf("%v %s: %v", inputs, name, err)
				continue
			}
			if got := string(ssh.MarshalAuthorizedKey(signer.PublicKey())); got !=
				outputs["publicKeyOpenssh"].StringValue() {
				t.Errorf("%v %s belongs to %s", inputs, name, got)
			}
		}
	}
}
