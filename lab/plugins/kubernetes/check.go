package kubernetes

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Check completes the inputs: apiVersion and kind, a name, a namespace, and one form for equal
// values. What is then stored as inputs is what later runs are compared with.
func (p *kubeProvider) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	urn := resource.URN(req.GetUrn())
	if p.unreachable != "" && p.settings.skipUnreachable {
		p.report(diag.Warning, urn, "Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping...")
		return &pulumirpc.CheckResponse{Inputs: req.GetOlds()}, nil
	}
	olds, err := decode(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("check failed because malformed resource inputs: %w", err)
	}
	if isRelease(urn) {
		return p.checkRelease(urn, olds, news)
	}
	if err := refuse(urn); err != nil {
		return nil, err
	}

	inputs, err := withKind(objectOf(news), urn)
	if err != nil {
		return nil, err
	}
	inputs = normalise(inputs)
	if isPatch(urn, inputs.GetKind()) && !named(inputs) {
		return nil, fmt.Errorf("patch resources require the `.metadata.name` field to be set")
	}
	if len(olds) > 0 {
		keepName(inputs, objectOf(olds))
	} else if err := chooseName(inputs, urn, req.GetRandomSeed(), req.GetAutonaming()); err != nil {
		return nil, err
	}
	if !named(inputs) && inputs.GetGenerateName() != "" {
		return nil, fmt.Errorf("the `.metadata.generateName` field is not supported in Server-Side Apply mode")
	}
	p.setNamespace(inputs)
	p.rememberDefinition(inputs)

	checked := resource.NewPropertyMapFromMap(inputs.Object)
	copySecrets(checked, news)
	encoded, err := p.encode(checked)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: encoded}, nil
}

func withKind(object *unstructured.Unstructured, urn resource.URN) (*unstructured.Unstructured, error) {
	gvk, err := kindOf(urn)
	if err != nil {
		return nil, err
	}
	if object.Object == nil {
		object.Object = map[string]any{}
	}
	if object.Object["apiVersion"] == nil {
		object.SetAPIVersion(gvk.GroupVersion().String())
	}
	if object.Object["kind"] == nil {
		object.SetKind(gvk.Kind)
	}
	if object.Object["metadata"] == nil {
		object.Object["metadata"] = map[string]any{}
	}
	return object, nil
}

// setNamespace writes the provider's namespace where a namespaced object has none. A namespace
// that is unknown yet stays unknown.
func (p *kubeProvider) setNamespace(object *unstructured.Unstructured) {
	metadata, ok := object.Object["metadata"].(map[string]any)
	if !ok || p.settings.namespace == "" {
		return
	}
	if given := metadata["namespace"]; given != nil && given != "" {
		return
	}
	if p.namespaced(object.GroupVersionKind()) {
		metadata["namespace"] = p.settings.namespace
	}
}

func (p *kubeProvider) rememberDefinition(object *unstructured.Unstructured) {
	if !isDefinition(object) {
		return
	}
	group, _, _ := unstructured.NestedString(object.Object, "spec", "group")
	kind, _, _ := unstructured.NestedString(object.Object, "spec", "names", "kind")
	scope, _, _ := unstructured.NestedString(object.Object, "spec", "scope")
	if kind != "" && scope != "" {
		p.definitions.remember(group, kind, scope == "Namespaced")
	}
}
