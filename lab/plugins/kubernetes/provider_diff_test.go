package kubernetes

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func config(server, user string) resource.PropertyValue {
	return resource.NewProperty(`{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}],` +
		`"clusters":[{"name":"k","cluster":{"server":"` + server + `"}}],"users":[{"name":"u","user":{"token":"` + user + `"}}]}`)
}

func TestOnlyAnotherClusterReplacesTheProvider(t *testing.T) {
	one, other := config("https://a", "t"), config("https://b", "t")
	id := func(v string) resource.PropertyValue { return resource.NewProperty(v) }
	unknown := resource.MakeComputed(resource.NewProperty(""))
	for _, c := range []struct {
		name      string
		old, new  resource.PropertyMap
		different bool
		replaced  bool
	}{
		{"same", resource.PropertyMap{"kubeconfig": one}, resource.PropertyMap{"kubeconfig": one}, false, false},
		{"token", resource.PropertyMap{"kubeconfig": one}, resource.PropertyMap{"kubeconfig": config("https://a", "x")}, true, false},
		{"server", resource.PropertyMap{"kubeconfig": one}, resource.PropertyMap{"kubeconfig": other}, true, true},
		{"unknown", resource.PropertyMap{"kubeconfig": one}, resource.PropertyMap{"kubeconfig": unknown}, true, true},
		{"server, identified", resource.PropertyMap{"kubeconfig": one, clusterIdentifier: id("x")},
			resource.PropertyMap{"kubeconfig": other, clusterIdentifier: id("x")}, true, false},
		{"unknown, identified", resource.PropertyMap{"kubeconfig": one, clusterIdentifier: id("x")},
			resource.PropertyMap{"kubeconfig": unknown, clusterIdentifier: id("x")}, true, false},
		{"identifier added", resource.PropertyMap{"kubeconfig": one}, resource.PropertyMap{"kubeconfig": one, clusterIdentifier: id("x")}, true, false},
		{"identifier added with a new server", resource.PropertyMap{"kubeconfig": one},
			resource.PropertyMap{"kubeconfig": other, clusterIdentifier: id("x")}, true, true},
		{"identifier changed", resource.PropertyMap{"kubeconfig": one, clusterIdentifier: id("x")},
			resource.PropertyMap{"kubeconfig": one, clusterIdentifier: id("y")}, true, true},
		{"identifier removed", resource.PropertyMap{"kubeconfig": one, clusterIdentifier: id("x")},
			resource.PropertyMap{"kubeconfig": one}, true, false},
	} {
		olds, err := marshal(c.old, true)
		if err != nil {
			t.Fatal(err)
		}
		news, err := marshal(c.new, true)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := New(nil).DiffConfig(context.Background(), &pulumirpc.DiffRequest{Olds: olds, News: news})
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.Changes == pulumirpc.DiffResponse_DIFF_SOME; got != c.different || (len(answer.Replaces) > 0) != c.replaced {
			t.Errorf("%s: %v", c.name, answer)
		}
	}
}
