package kubernetes

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const clusterIdentifier = "clusterIdentifier"

// CheckConfig accepts the provider's arguments and refuses those that this plugin cannot honour.
func (p *kubeProvider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("CheckConfig failed because of malformed resource inputs: %w", err)
	}
	var failures []*pulumirpc.CheckFailure
	fail := func(property, reason string) {
		failures = append(failures, &pulumirpc.CheckFailure{Property: property, Reason: reason})
	}
	if truthy(news["renderYamlToDirectory"]) {
		fail("renderYamlToDirectory", "the lab's kubernetes plugin does not render to YAML files; leave it out")
	}
	if v := news["enableServerSideApply"]; v.HasValue() && !v.IsComputed() && !truthy(v) {
		fail("enableServerSideApply", "the lab's kubernetes plugin does not apply on the client's side; leave it out or set true")
	}
	if truthy(news["alwaysRender"]) {
		fail("alwaysRender", `"alwaysRender" requires "renderYamlToDirectory" to be set`)
	}
	return &pulumirpc.CheckResponse{Inputs: req.GetNews(), Failures: failures}, nil
}

func truthy(v resource.PropertyValue) bool {
	return v.IsBool() && v.BoolValue() || v.IsString() && v.StringValue() != "" && v.StringValue() != "false"
}

// DiffConfig decides whether changed arguments point at another cluster, which replaces the
// provider and every resource on it. With an unchanged clusterIdentifier nothing is replaced; a
// changed one replaces; one that is added or removed does neither by itself.
func (p *kubeProvider) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := decode(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("DiffConfig failed because of malformed resource inputs: %w", err)
	}
	olds, news = withoutSecrets(olds), withoutSecrets(news)
	diff := olds.Diff(news)
	if diff == nil {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	pinned := diff.Same(clusterIdentifier) && news.HasValue(clusterIdentifier)
	answer := func(diffs, replaces []string) *pulumirpc.DiffResponse {
		if pinned {
			replaces = nil
		}
		return &pulumirpc.DiffResponse{
			Changes: pulumirpc.DiffResponse_DIFF_SOME, Diffs: diffs, Replaces: replaces,
		}
	}

	var replaces []string
	if diff.Updated(clusterIdentifier) {
		replaces = append(replaces, clusterIdentifier)
	}
	naming := []string{"kubeconfig", "context", "cluster"}
	for _, key := range naming {
		// An unknown value may name any cluster.
		if news[resource.PropertyKey(key)].IsComputed() {
			return answer([]string{key}, append(replaces, key)), nil
		}
	}
	var diffs []string
	for _, key := range diff.ChangedKeys() {
		diffs = append(diffs, string(key))
	}
	before, err := kubeconfigOf(olds["kubeconfig"])
	if err != nil {
		return nil, err
	}
	after, err := kubeconfigOf(news["kubeconfig"])
	if err != nil {
		return nil, err
	}
	from, to := activeCluster(before, olds), activeCluster(after, news)
	if from != nil && to != nil && !reflect.DeepEqual(from, to) {
		for _, key := range naming {
			if slices.Contains(diffs, key) {
				replaces = append(replaces, key)
			}
		}
	}
	return answer(diffs, replaces), nil
}

func withoutSecrets(props resource.PropertyMap) resource.PropertyMap {
	plain := resource.PropertyMap{}
	for key, value := range props {
		if value.IsSecret() {
			value = value.SecretValue().Element
		}
		plain[key] = value
	}
	return plain
}
