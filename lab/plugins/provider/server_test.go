package provider

import (
	"context"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestWhatIsNotServedIsRefusedByName(t *testing.T) {
	served := newServer(Provider{
		Name:      "example",
		Resources: map[string]Resource{"example:index/b:B": nil, "example:index/a:A": nil},
		Functions: map[string]func(context.Context, Map) (Map, error){},
	}, nil)
	_, noType := served.Check(t.Context(),
		&pulumirpc.CheckRequest{Urn: "urn:pulumi:home::homelab::example:index/c:C::one"})
	_, noFunction := served.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "example:index/getC:getC"})
	for want, got := range map[string]error{
		"the lab's example plugin does not serve resources of type example:index/c:C; " +
			"it serves example:index/a:A, example:index/b:B": noType,
		"the lab's example plugin does not serve the function example:index/getC:getC; it serves none": noFunction,
	} {
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("got  %v\nwant %s", got, want)
		}
	}
}
