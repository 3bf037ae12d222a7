package kubernetes

import (
	"encoding/base64"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// normalise writes equal inputs in one form ("500m" and "0.5"; stringData and data), so that they
// give no difference, and drops what only the server sets. Inputs with unknown values keep their
// form: the Go types have no place for them.
func normalise(object *unstructured.Unstructured) *unstructured.Unstructured {
	if !hasUnknown(object.Object) && builtIn(object.GroupVersionKind().GroupVersion()) {
		if isSecret(object) {
			encodeStringData(object)
		} else if isDefinition(object) {
			normaliseDefinition(object)
		} else {
			object = throughType(object)
		}
	}
	for _, field := range []string{
		"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation",
		"managedFields", "resourceVersion", "uid",
	} {
		if metadata, ok := object.Object["metadata"].(map[string]any); ok {
			delete(metadata, field)
		}
	}
	return object
}

// throughType converts to the kind's Go type and back, and keeps the fields that were given.
func throughType(object *unstructured.Unstructured) *unstructured.Unstructured {
	typed, err := scheme.Scheme.New(object.GroupVersionKind())
	if err != nil {
		return object
	}
	// What does not fit the type stays as it is: the server has the last word on it.
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, typed); err != nil {
		return object
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return object
	}
	return &unstructured.Unstructured{Object: pruneMap(fields, object.Object)}
}

// normaliseDefinition drops what the server drops from a CustomResourceDefinition.
func normaliseDefinition(object *unstructured.Unstructured) {
	if spec, ok := object.Object["spec"].(map[string]any); ok && spec["preserveUnknownFields"] == false {
		delete(spec, "preserveUnknownFields")
	}
	delete(object.Object, "status")
}

// encodeStringData moves stringData into data in base64, as the API server does; it wins over an
// entry of data with the same key.
func encodeStringData(object *unstructured.Unstructured) {
	data, _ := object.Object["data"].(map[string]any)
	text, _ := object.Object["stringData"].(map[string]any)
	if len(text) > 0 {
		if data == nil {
			data = map[string]any{}
		}
		for key, value := range text {
			if s, ok := value.(string); ok {
				data[key] = base64.StdEncoding.EncodeToString([]byte(s))
			}
		}
		object.Object["data"] = data
		delete(object.Object, "stringData")
		return
	}
	for key, value := range data {
		// The server decodes and encodes again, which drops line ends.
		if s, ok := value.(string); ok {
			if plain, err := base64.StdEncoding.DecodeString(s); err == nil {
				data[key] = base64.StdEncoding.EncodeToString(plain)
			}
		}
	}
}

func isSecret(object *unstructured.Unstructured) bool {
	return object.GetKind() == "Secret" && object.GetAPIVersion() == "v1"
}

func isConfigMap(object *unstructured.Unstructured) bool {
	return object.GetKind() == "ConfigMap" && object.GetAPIVersion() == "v1"
}

func isDefinition(object *unstructured.Unstructured) bool {
	return object.GetKind() == "CustomResourceDefinition" &&
		object.GroupVersionKind().Group == "apiextensions.k8s.io"
}

// hasUnknown says whether a value is not known before the `up`, at any depth.
func hasUnknown(value any) bool {
	switch v := value.(type) {
	case resource.Computed, resource.Output:
		return true
	case map[string]any:
		for _, element := range v {
			if hasUnknown(element) {
				return true
			}
		}
	case []any:
		for _, element := range v {
			if hasUnknown(element) {
				return true
			}
		}
	}
	return false
}

// pruneMap keeps those fields of source that target has, at every depth. It makes a live object
// comparable with the inputs it came from.
func pruneMap(source, target map[string]any) map[string]any {
	if source == nil || target == nil {
		return nil
	}
	pruned := map[string]any{}
	for key, value := range source {
		if wanted, given := target[key]; given {
			pruned[key] = pruneValue(value, wanted)
		}
	}
	return pruned
}

func pruneValue(source, target any) any {
	switch value := source.(type) {
	case map[string]any:
		if wanted, ok := target.(map[string]any); ok {
			return pruneMap(value, wanted)
		}
	case []any:
		if wanted, ok := target.([]any); ok {
			return pruneList(value, wanted)
		}
	}
	return source
}

// pruneList compares by position: the live list is cut to the length of the wanted one.
func pruneList(source, target []any) []any {
	pruned := make([]any, 0, len(target))
	for i, wanted := range target {
		if i < len(source) {
			pruned = append(pruned, pruneValue(source[i], wanted))
		}
	}
	return pruned
}
