package kubernetes

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Read refreshes a resource, or imports one by its id. An object that is gone, or whose kind is,
// leaves the state (an empty id).
func (p *kubeProvider) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	urn := resource.URN(req.GetUrn())
	if p.unreachable != "" {
		return p.readUnreachable(urn, req)
	}
	state, err := decode(req.GetProperties())
	if err != nil {
		return nil, err
	}
	program, err := decode(req.GetInputs())
	if err != nil {
		return nil, err
	}
	if isRelease(urn) {
		return p.readRelease(req.GetId(), state)
	}
	if err := refuse(urn); err != nil {
		return nil, err
	}
	inputs, imported, err := readInputs(urn, req.GetId(), program, state)
	if err != nil {
		return nil, err
	}
	_, name := parseID(req.GetId())
	live, waitErr := p.readLive(urn, inputs, name, imported)
	if meta.IsNoMatchError(waitErr) || apierrors.IsNotFound(waitErr) {
		return &pulumirpc.ReadResponse{}, nil
	}
	if live == nil {
		return nil, waitErr
	}

	found := &unstructured.Unstructured{Object: pruneMap(live.Object, inputs.Object)}
	if imported {
		adoptFields(found, live)
	}
	manager, err := fieldManager(state, inputs)
	if err != nil {
		return nil, err
	}
	encodedState, err := p.encode(checkpoint(found, live, program, initialAPIVersion(state, inputs), manager))
	if err != nil {
		return nil, err
	}
	foundInputs := resource.NewPropertyMapFromMap(found.Object)
	copySecrets(foundInputs, program)
	encodedInputs, err := p.encode(foundInputs)
	if err != nil {
		return nil, err
	}
	if waitErr != nil {
		return nil, partial(req.GetId(), waitErr, encodedState, encodedInputs)
	}
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: encodedState, Inputs: encodedInputs}, nil
}

func (p *kubeProvider) readUnreachable(urn resource.URN, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	p.report(diag.Warning, urn, p.unreachableError().Error())
	switch {
	case p.settings.deleteUnreachable:
		p.report(diag.Info, urn, "configured Kubernetes cluster is unreachable and the `deleteUnreachable` "+
			"option is enabled. Deleting the unreachable resource from Pulumi state")
		return &pulumirpc.ReadResponse{}, nil
	case p.settings.skipUnreachable:
		p.report(diag.Info, urn, "configured Kubernetes cluster is unreachable and the `skipUnreachable` "+
			"option is enabled. Returned data could not reflect the actual cluster configuration.")
		return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: req.GetProperties(), Inputs: req.GetInputs()}, nil
	}
	return nil, fmt.Errorf("failed to read resource state due to unreachable cluster. If the cluster was " +
		"deleted, you can remove this resource from Pulumi state by rerunning the operation with the " +
		"PULUMI_K8S_DELETE_UNREACHABLE environment variable set to \"true\"")
}

// readInputs gives the inputs to compare the live object with; for an import they are only what
// the id and the type say.
func readInputs(urn resource.URN, id string, program, state resource.PropertyMap,
) (inputs *unstructured.Unstructured, imported bool, err error) {
	namespace, name := parseID(id)
	if name == "" {
		return nil, false, fmt.Errorf(
			"failed to read resource because of a failure to parse resource name from request ID: %s", id)
	}
	inputs = normalise(objectOf(program))
	if !inputs.GroupVersionKind().Empty() {
		return inputs, false, nil
	}
	if inputs.Object == nil {
		inputs.Object = map[string]any{}
	}
	_, last := parseCheckpoint(state)
	gvk := last.GroupVersionKind()
	if gvk.Empty() {
		if gvk, err = kindOf(urn); err != nil {
			return nil, false, err
		}
		imported = true
	}
	inputs.SetGroupVersionKind(gvk)
	if inputs.GetName() == "" {
		inputs.SetName(name)
	}
	if inputs.GetNamespace() == "" && namespace != "" {
		inputs.SetNamespace(namespace)
	}
	return inputs, imported, nil
}

// readLive gets the object, looks once whether it is ready, and gets it again. An object that is
// not ready is returned together with a waitError.
func (p *kubeProvider) readLive(urn resource.URN, inputs *unstructured.Unstructured, name string, imported bool,
) (*unstructured.Unstructured, error) {
	client, err := p.cluster.clientFor(inputs)
	if err != nil {
		return nil, err
	}
	live, err := client.Get(p.life, name, metav1.GetOptions{})
	if err != nil || imported {
		return live, err
	}
	if !annotated(inputs, skipAwait) {
		if err := p.look(live); err != nil {
			var unready *waitError
			if errors.As(err, &unready) {
				return unready.object, err
			}
			return nil, err
		}
	}
	if again, err := client.Get(p.life, name, metav1.GetOptions{}); err == nil {
		return again, nil
	}
	return live, nil
}

// adoptFields takes as inputs of an imported object all that a person could have written.
func adoptFields(inputs, live *unstructured.Unstructured) {
	whole := live.DeepCopy()
	for key, value := range whole.Object {
		if key != "status" {
			inputs.Object[key] = value
		}
	}
	metadata, _ := inputs.Object["metadata"].(map[string]any)
	for _, field := range []string{"creationTimestamp", "generation", "managedFields", "resourceVersion", "uid"} {
		delete(metadata, field)
	}
	for _, key := range []string{"deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"} {
		unstructured.RemoveNestedField(inputs.Object, "metadata", "annotations", key)
	}
}
