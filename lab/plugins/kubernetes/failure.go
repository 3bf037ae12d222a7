package kubernetes

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// waitError says that an object exists and did not become what it should. The object is kept in
// the state, so that the next run can go on from there.
type waitError struct {
	message string
	// reasons are what was seen to be missing, one a line.
	reasons []string
	object  *unstructured.Unstructured
}

func (e *waitError) Error() string { return e.message }

func timedOut(object *unstructured.Unstructured, reasons []string) error {
	return &waitError{
		message: fmt.Sprintf("'%s' timed out waiting to be Ready", object.GetName()),
		reasons: reasons, object: object,
	}
}

func cancelled(object *unstructured.Unstructured, reasons []string) error {
	return &waitError{
		message: fmt.Sprintf("Resource operation was cancelled for %q", object.GetName()),
		reasons: reasons, object: object,
	}
}

func uninitialised(object *unstructured.Unstructured, reasons []string) error {
	return &waitError{
		message: fmt.Sprintf("Resource '%s' was created but failed to initialize", object.GetName()),
		reasons: reasons, object: object,
	}
}

// partial is the error with which the engine stores a resource although its operation failed.
func partial(id string, err error, state, inputs *structpb.Struct) error {
	reasons := []string{err.Error()}
	var wait *waitError
	if errors.As(err, &wait) {
		reasons = append(reasons, wait.reasons...)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, err.Error()),
		&pulumirpc.ErrorResourceInitFailed{Id: id, Properties: state, Inputs: inputs, Reasons: reasons})
}

// namespaceMissing says that an object was rejected because its namespace does not exist.
func namespaceMissing(err error) bool {
	var status apierrors.APIStatus
	return apierrors.IsNotFound(err) && errors.As(err, &status) &&
		status.Status().Details != nil && status.Status().Details.Kind == "namespaces"
}

const existsAdvice = "%w\n\n" +
	"The resource already exists in the cluster. This can happen when:\n\n" +
	"  - Renaming a Pulumi resource: use an alias to preserve the identity,\n" +
	"    or use deleteBeforeReplace if the resource needs replacement.\n" +
	"  - Managing an existing resource: use a Patch resource (e.g. NamespacePatch)\n" +
	"    to manage specific fields without owning the resource lifecycle.\n" +
	"  - Adopting a resource into Pulumi: use `pulumi import`. Note that\n" +
	"    protected resources (e.g. kube-system) cannot be deleted on destroy.\n" +
	"  - Intentional upsert: set upsertExistingObjects on the provider to allow\n" +
	"    server-side apply to update existing objects on create."

// conflictAdvice explains a field that another manager applied.
func conflictAdvice(err error, manager string) error {
	if !apierrors.IsConflict(err) {
		return err
	}
	return errors.Join(
		errors.New("server-side apply field conflict detected, see "+
			"https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/"+
			"managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources "+
			"for troubleshooting help"),
		fmt.Errorf("The resource managed by field manager %q had an apply conflict: %w", manager, err), //nolint:staticcheck
	)
}

func (p *kubeProvider) unreachableError() error {
	return fmt.Errorf("configured Kubernetes cluster is unreachable: %s", p.unreachable)
}
