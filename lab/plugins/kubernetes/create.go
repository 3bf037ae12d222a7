package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// creator is the field manager of a new object. The first update hands its fields over to the
// resource's own manager.
const creator = "pulumi-kubernetes"

// createPauses are the waits after failed attempts to create an object whose kind or namespace is
// missing, in case something else is about to create it. The last pause comes before giving up.
var createPauses = []time.Duration{
	time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second,
}

// Create posts the object and waits until it is ready. A preview is a dry run on the server; where
// the server cannot answer (unknown values, unknown kind, missing namespace), the inputs stand in.
func (p *kubeProvider) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	urn := resource.URN(req.GetUrn())
	news, err := decode(req.GetProperties())
	if err != nil {
		return nil, fmt.Errorf("create failed because malformed resource inputs: %w", err)
	}
	if isRelease(urn) {
		return p.createRelease(urn, news, req.GetPreview())
	}
	if err := refuse(urn); err != nil {
		return nil, err
	}
	if !req.GetPreview() && p.unreachable != "" {
		return nil, p.unreachableError()
	}
	inputs := objectOf(news)
	asGiven := &pulumirpc.CreateResponse{Properties: req.GetProperties()}
	if req.GetPreview() && (hasUnknown(inputs.Object) || p.unreachable != "" ||
		!p.cluster.exists(inputs.GroupVersionKind()) || isPatch(urn, inputs.GetKind())) {
		return asGiven, nil
	}

	manager, err := fieldManager(nil, inputs)
	if err != nil {
		return nil, err
	}
	live, err := p.post(urn, inputs, manager, req.GetPreview())
	if err != nil {
		if req.GetPreview() && (apierrors.IsForbidden(err) || apierrors.IsAlreadyExists(err) || namespaceMissing(err)) {
			return asGiven, nil
		}
		return nil, creationFailed(urn, inputs, err)
	}
	if req.GetPreview() {
		// A status in a preview would pass for the real one.
		delete(live.Object, "status")
	} else {
		if isDefinition(inputs) {
			p.cluster.mapper.Reset()
		}
		var ready *unstructured.Unstructured
		ready, err = p.await(urn, inputs, live, nil, timeout(req.GetTimeout(), inputs))
		if ready != nil {
			live = ready
		}
	}

	var unready *waitError
	if err != nil && !errors.As(err, &unready) {
		return nil, creationFailed(urn, inputs, err)
	}
	state, encodeErr := p.encode(checkpoint(inputs, live, news, inputs.GetAPIVersion(), manager))
	if encodeErr != nil {
		return nil, encodeErr
	}
	if unready != nil {
		return nil, partial(idOf(live), fmt.Errorf("resource %q was successfully created, but the Kubernetes "+
			"API server reported that it failed to fully initialize or become live: %w", urn, err), state, nil)
	}
	id := ""
	if !req.GetPreview() {
		id = idOf(live)
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: state}, nil
}

func creationFailed(urn resource.URN, inputs *unstructured.Unstructured, err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("creation of resource %q with kind %s/%s failed because the Kubernetes API server "+
			"reported that the apiVersion for this resource does not exist. "+
			"Verify that any required CRDs have been created: %w",
			urn, inputs.GetAPIVersion(), inputs.GetKind(), err)
	}
	if apierrors.IsAlreadyExists(err) {
		err = fmt.Errorf(existsAdvice, err)
	}
	return fmt.Errorf("resource %q was not successfully created by the Kubernetes API server: %w", urn, err)
}

// post sends the object, again after a pause while its kind or namespace is missing.
func (p *kubeProvider) post(urn resource.URN, inputs *unstructured.Unstructured, manager string, preview bool,
) (*unstructured.Unstructured, error) {
	var err error
	for attempt, pause := range createPauses {
		var live *unstructured.Unstructured
		if live, err = p.postOnce(urn, inputs, manager, preview); err == nil {
			p.say(diag.Info, urn, "")
			return live, nil
		}
		if preview && namespaceMissing(err) {
			return nil, err
		}
		p.say(diag.Info, urn, fmt.Sprintf("Retry #%d; creation failed: %v", attempt, err))
		if !apierrors.IsNotFound(err) && !meta.IsNoMatchError(err) {
			return nil, err
		}
		select {
		case <-p.life.Done():
			return nil, fmt.Errorf("cancelled while waiting to try again: %w", err)
		case <-time.After(pause):
		}
	}
	return nil, err
}

func (p *kubeProvider) postOnce(urn resource.URN, inputs *unstructured.Unstructured, manager string, preview bool,
) (*unstructured.Unstructured, error) {
	client, err := p.cluster.clientFor(inputs)
	if err != nil {
		return nil, err
	}
	if p.settings.upsert || isPatch(urn, inputs.GetKind()) {
		force := p.settings.patchForce || preview || annotated(inputs, patchForce)
		return apply(p.life, client, inputs, inputs.GetName(), manager, force, preview)
	}
	options := metav1.CreateOptions{FieldManager: creator}
	if preview {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return client.Create(p.life, inputs, options)
}
