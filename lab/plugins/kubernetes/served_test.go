package kubernetes

import (
	"cmp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"homelab/lab/plugins/goldentest"
)

// Kinds are applied alike, whatever they are: what is served is those that have code of their own.
func TestNoKindHasCodeThatNoGoldenGraphNeeds(t *testing.T) {
	served := []string{"kubernetes:helm.sh/v3:Release", "kubernetes:core/v1:" + kindClaim}
	for kind := range waits {
		served = append(served, "kubernetes:"+cmp.Or(kind.Group, "core")+"/v1:"+kind.Kind)
	}
	const waited = "the official plugin waits for it, and whoever runs one beside a chart must not be told that it is ready"
	goldentest.Check(t, "../testdata", served, map[string]string{
		"kubernetes:apps/v1:StatefulSet": waited,
		"kubernetes:batch/v1:Job":        waited,
	})
}

func TestWhatWouldNotBeAwaitedIsRefusedByName(t *testing.T) {
	for _, token := range unawaited {
		urn := resource.NewURN("home", "homelab", "", "", "one")
		_, err := New(nil).Check(t.Context(), &pulumirpc.CheckRequest{
			Urn: strings.Replace(string(urn), "::::", "::"+token+"::", 1),
		})
		if err == nil || !strings.Contains(err.Error(),
			"the lab's kubernetes plugin does not serve resources of type "+token) {
			t.Errorf("%s: %v", token, err)
		}
	}
}
