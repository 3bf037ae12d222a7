package kubernetes

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Update applies the new inputs and waits until the object is ready. A preview is a dry run.
func (p *kubeProvider) Update(_ context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	urn := resource.URN(req.GetUrn())
	state, err := decode(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("update failed because malformed resource inputs: %w", err)
	}
	if isRelease(urn) {
		return p.updateRelease(state, news, req.GetPreview())
	}
	if err := refuse(urn); err != nil {
		return nil, err
	}
	if !req.GetPreview() && p.unreachable != "" {
		return nil, p.unreachableError()
	}
	inputs := normalise(objectOf(news))
	asGiven := &pulumirpc.UpdateResponse{Properties: req.GetNews()}
	if req.GetPreview() && (hasUnknown(inputs.Object) || p.unreachable != "" ||
		!p.cluster.exists(inputs.GroupVersionKind())) {
		return asGiven, nil
	}

	oldInputs, last := parseCheckpoint(state)
	manager, err := fieldManager(state, inputs)
	if err != nil {
		return nil, err
	}
	live, before, err := p.change(inputs, last, manager, req)
	if err == nil && !req.GetPreview() {
		var ready *unstructured.Unstructured
		ready, err = p.await(urn, inputs, live, before, timeout(req.GetTimeout(), inputs))
		if ready != nil {
			live = ready
		}
	}
	if err != nil {
		if req.GetPreview() && apierrors.IsForbidden(err) {
			return asGiven, nil
		}
		if meta.IsNoMatchError(err) {
			return nil, fmt.Errorf("update of resource %q failed because the Kubernetes API server "+
				"reported that the apiVersion for this resource does not exist. "+
				"Verify that any required CRDs have been created: %w", urn, err)
		}
		var readErr error
		if live, readErr = p.live(last); readErr != nil {
			return nil, errors.Join(fmt.Errorf("update of resource %q failed: %w", urn, err),
				fmt.Errorf("unable to get cluster state: %w", readErr))
		}
	}
	encoded, encodeErr := p.encode(checkpoint(inputs, live, news, initialAPIVersion(state, oldInputs), manager))
	if encodeErr != nil {
		return nil, encodeErr
	}
	if err != nil {
		return nil, partial(idOf(live), fmt.Errorf("the Kubernetes API server reported that %q failed to fully "+
			"initialize or become live: %w", idOf(live), err), encoded, nil)
	}
	return &pulumirpc.UpdateResponse{Properties: encoded}, nil
}

// live reads the object as it is now.
func (p *kubeProvider) live(object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	client, err := p.cluster.clientFor(object)
	if err != nil {
		return nil, err
	}
	return client.Get(p.life, object.GetName(), metav1.GetOptions{})
}

// change sends the new inputs; it returns the object after and before. A definition is replaced as
// a whole, so that versions and fields that are gone from the inputs go from it.
func (p *kubeProvider) change(inputs, last *unstructured.Unstructured, manager string, req *pulumirpc.UpdateRequest,
) (after, before *unstructured.Unstructured, err error) {
	client, err := p.cluster.clientFor(inputs)
	if err != nil {
		return nil, nil, err
	}
	before, err = client.Get(p.life, last.GetName(), metav1.GetOptions{})
	if err != nil {
		return nil, nil, err
	}
	if isDefinition(inputs) {
		whole := inputs.DeepCopy()
		whole.SetResourceVersion(before.GetResourceVersion())
		options := metav1.UpdateOptions{FieldManager: manager}
		if req.GetPreview() {
			options.DryRun = []string{metav1.DryRunAll}
		}
		after, err = client.Update(p.life, whole, options)
		if err == nil && !req.GetPreview() {
			p.cluster.mapper.Reset()
		}
		return after, before, err
	}
	current := before
	// A Patch resource answers for its own fields alone.
	if !req.GetPreview() && !isPatch(resource.URN(req.GetUrn()), inputs.GetKind()) {
		if current, err = takeOver(p.life, client, before, manager); err != nil {
			return nil, before, err
		}
	}
	if err := leaveIgnored(inputs, current, manager, req.GetIgnoreChanges()); err != nil {
		return nil, before, err
	}
	after, err = apply(p.life, client, inputs, current.GetName(), manager,
		p.forced(inputs, current, req.GetPreview()), req.GetPreview())
	return after, before, err
}
