package kubernetes

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Delete deletes the object, dependents first, and waits until it is gone. An object that is gone
// already, or whose kind is, is deleted.
func (p *kubeProvider) Delete(_ context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	urn := resource.URN(req.GetUrn())
	state, err := decode(req.GetProperties())
	if err != nil {
		return nil, err
	}
	if isRelease(urn) {
		return p.deleteRelease(urn, state)
	}
	if err := refuse(urn); err != nil {
		return nil, err
	}
	if p.unreachable != "" {
		p.report(diag.Warning, urn, p.unreachableError().Error())
		if p.settings.deleteUnreachable {
			p.report(diag.Info, urn, "configured Kubernetes cluster is unreachable and the `deleteUnreachable` "+
				"option is enabled. Deleting the unreachable resource from Pulumi state")
			return &emptypb.Empty{}, nil
		}
		return nil, fmt.Errorf("configured Kubernetes cluster is unreachable. If the cluster was deleted, " +
			"you can remove this resource from Pulumi state by rerunning the operation with the " +
			"PULUMI_K8S_DELETE_UNREACHABLE environment variable set to \"true\"")
	}

	inputs, live := parseCheckpoint(state)
	_, name := parseID(req.GetId())
	gone := func(err error) bool { return apierrors.IsNotFound(err) || meta.IsNoMatchError(err) }
	client, err := p.cluster.clientFor(live)
	if gone(err) {
		return &emptypb.Empty{}, nil
	} else if err != nil {
		return nil, err
	}
	if isPatch(urn, inputs.GetKind()) {
		manager, err := fieldManager(state, inputs)
		if err != nil {
			return nil, err
		}
		if err := p.relinquish(live, name, manager); err != nil && !gone(err) {
			return nil, err
		}
		return &emptypb.Empty{}, nil
	}
	policy := propagation(inputs)
	err = client.Delete(p.life, name, metav1.DeleteOptions{PropagationPolicy: &policy})
	if gone(err) {
		return &emptypb.Empty{}, nil
	} else if err != nil {
		return nil, err
	}
	if annotated(inputs, skipAwait) && goesUnawaited(inputs) {
		return &emptypb.Empty{}, nil
	}
	err = p.awaitGone(urn, client, live, timeout(req.GetTimeout(), inputs))
	if err == nil || meta.IsNoMatchError(err) {
		return &emptypb.Empty{}, nil
	}
	var unfinished *waitError
	if !errors.As(err, &unfinished) {
		return nil, err
	}
	manager, managerErr := fieldManager(state, inputs)
	if managerErr != nil {
		return nil, managerErr
	}
	encoded, encodeErr := p.encode(checkpoint(inputs, unfinished.object, state, initialAPIVersion(state, inputs), manager))
	if encodeErr != nil {
		return nil, encodeErr
	}
	return nil, partial(idOf(unfinished.object), err, encoded, nil)
}
