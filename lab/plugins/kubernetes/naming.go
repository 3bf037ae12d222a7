package kubernetes

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Annotations by which a program steers the plugin, see
// https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
const (
	autonamed           = "pulumi.com/autonamed"
	skipAwait           = "pulumi.com/skipAwait"
	waitFor             = "pulumi.com/waitFor"
	timeoutSeconds      = "pulumi.com/timeoutSeconds"
	patchForce          = "pulumi.com/patchForce"
	patchFieldManager   = "pulumi.com/patchFieldManager"
	replaceUnready      = "pulumi.com/replaceUnready"
	propagationOfDelete = "pulumi.com/deletionPropagationPolicy"
)

// annotation reads without copying, since inputs may hold unknown values that cannot be copied.
func annotation(object *unstructured.Unstructured, key string) string {
	metadata, _ := object.Object["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	value, _ := annotations[key].(string)
	return value
}

func annotated(object *unstructured.Unstructured, key string) bool {
	return annotation(object, key) == "true"
}

// named says whether the inputs have a name, which may be unknown yet.
func named(object *unstructured.Unstructured) bool {
	metadata, _ := object.Object["metadata"].(map[string]any)
	return metadata["name"] != nil && metadata["name"] != ""
}

func setName(object *unstructured.Unstructured, name string) {
	metadata, ok := object.Object["metadata"].(map[string]any)
	if !ok {
		if object.Object["metadata"] != nil {
			return // unknown as a whole: nothing can be put in
		}
		metadata = map[string]any{}
		object.Object["metadata"] = metadata
	}
	metadata["name"] = name
	annotations, ok := metadata["annotations"].(map[string]any)
	if !ok {
		if metadata["annotations"] != nil {
			return
		}
		annotations = map[string]any{}
		metadata["annotations"] = annotations
	}
	annotations[autonamed] = "true"
}

// keepName takes over the name that an earlier run chose.
func keepName(news, olds *unstructured.Unstructured) {
	if !named(news) && annotated(olds, autonamed) {
		setName(news, olds.GetName())
	}
}

// chooseName names an object without a name after its resource, with 8 hex digits, or as the
// stack's autonaming settings say.
func chooseName(object *unstructured.Unstructured, urn resource.URN, seed []byte,
	options *pulumirpc.CheckRequest_AutonamingOptions,
) error {
	if named(object) {
		return nil
	}
	name, err := resource.NewUniqueName(seed, urn.Name()+"-", 0, 0, nil)
	if err != nil {
		return err
	}
	if options != nil {
		switch options.Mode {
		case pulumirpc.CheckRequest_AutonamingOptions_DISABLE:
			return errors.New("autonaming is disabled, resource requires the .metadata.name field to be set")
		case pulumirpc.CheckRequest_AutonamingOptions_ENFORCE, pulumirpc.CheckRequest_AutonamingOptions_PROPOSE:
			name = options.ProposedName
		}
	}
	setName(object, name)
	return nil
}

// timeout is the limit of a wait: the option customTimeouts (seconds), else the annotation, else
// ten minutes.
func timeout(custom float64, object *unstructured.Unstructured) time.Duration {
	if custom != 0 {
		return time.Duration(custom * float64(time.Second))
	}
	if seconds, err := strconv.Atoi(annotation(object, timeoutSeconds)); err == nil {
		return time.Duration(seconds) * time.Second
	}
	return 10 * time.Minute
}

// propagation is how a delete treats what the object owns; by default its dependents go first.
func propagation(object *unstructured.Unstructured) metav1.DeletionPropagation {
	switch strings.ToLower(annotation(object, propagationOfDelete)) {
	case "orphan":
		return metav1.DeletePropagationOrphan
	case "background":
		return metav1.DeletePropagationBackground
	default:
		return metav1.DeletePropagationForeground
	}
}

// fieldManager is the name under which the server records the fields of a resource: one per
// resource, chosen at its creation and kept in the state.
func fieldManager(state resource.PropertyMap, inputs *unstructured.Unstructured) (string, error) {
	if name := annotation(inputs, patchFieldManager); name != "" {
		return name, nil
	}
	if name := textIn(state, fieldManagerKey); name != "" {
		return name, nil
	}
	return resource.NewUniqueName(nil, "pulumi-kubernetes-", 0, 0, nil)
}
