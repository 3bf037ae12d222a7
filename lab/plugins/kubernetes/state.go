package kubernetes

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Keys that the state holds beside the fields of the live object.
const (
	inputsKey       = "__inputs"
	apiVersionKey   = "__initialApiVersion"
	fieldManagerKey = "__fieldManager"
)

// decode reads properties from the wire; unknowns and secrets are kept.
func decode(props *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(props, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
}

// encode writes properties to the wire; secrets stay secrets if the engine accepts them.
func (p *kubeProvider) encode(props resource.PropertyMap) (*structpb.Struct, error) {
	return marshal(props, p.settings.acceptSecrets)
}

func marshal(props resource.PropertyMap, secrets bool) (*structpb.Struct, error) {
	return plugin.MarshalProperties(props, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: secrets})
}

// stripSecret gives the plain value in a secret.
func stripSecret(v resource.PropertyValue) (any, bool) {
	if v.IsSecret() {
		return v.SecretValue().Element.MapRepl(toAPIName, stripSecret), true
	}
	return nil, false
}

// The SDKs spell the dashed keys of CRD schemas with underscores; state does too, the API does not.
func toAPIName(key string) (string, bool) {
	if strings.HasPrefix(key, "x_kubernetes_") {
		return strings.ReplaceAll(key, "_", "-"), true
	}
	return "", false
}

func toStateName(key string) (resource.PropertyKey, bool) {
	if strings.HasPrefix(key, "x-kubernetes-") {
		return resource.PropertyKey(strings.ReplaceAll(key, "-", "_")), true
	}
	return "", false
}

// objectOf turns properties into an API object. Unknown values stay in it as resource.Computed.
func objectOf(props resource.PropertyMap) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: props.MapRepl(toAPIName, stripSecret)}
}

func propertiesOf(object *unstructured.Unstructured) resource.PropertyMap {
	return resource.NewPropertyMapFromMapRepl(object.Object, toStateName, nil)
}

// checkpoint is the state of an object: its live fields, and beside them its inputs, the API
// version of its creation and its field manager. program tells which values are secret.
func checkpoint(inputs, live *unstructured.Unstructured, program resource.PropertyMap,
	apiVersion, fieldManager string,
) resource.PropertyMap {
	state, kept := propertiesOf(live), propertiesOf(inputs)
	copySecrets(state, program)
	copySecrets(kept, program)
	state[inputsKey] = resource.NewProperty(kept)
	state[apiVersionKey] = resource.NewProperty(apiVersion)
	state[fieldManagerKey] = resource.NewProperty(fieldManager)
	return state
}

// parseCheckpoint splits a state into the inputs and the live object.
func parseCheckpoint(state resource.PropertyMap) (inputs, live *unstructured.Unstructured) {
	fields := state.MapRepl(toAPIName, stripSecret)
	kept, _ := fields[inputsKey].(map[string]any)
	if kept == nil {
		kept = map[string]any{}
	}
	for _, key := range []string{inputsKey, apiVersionKey, fieldManagerKey} {
		delete(fields, key)
	}
	return &unstructured.Unstructured{Object: kept}, &unstructured.Unstructured{Object: fields}
}

func textIn(state resource.PropertyMap, key resource.PropertyKey) string {
	value := state[key]
	if value.IsSecret() {
		value = value.SecretValue().Element
	}
	if value.IsString() {
		return value.StringValue()
	}
	return ""
}

func initialAPIVersion(state resource.PropertyMap, inputs *unstructured.Unstructured) string {
	if version := textIn(state, apiVersionKey); version != "" {
		return version
	}
	return inputs.GetAPIVersion()
}

// copySecrets marks in outs what is secret in ins. Objects are walked, so that one secret does not
// hide its neighbours; a list with one secret becomes secret as a whole, since its order may
// change. The data of a Secret is secret whatever the program says.
func copySecrets(outs, ins resource.PropertyMap) {
	if kind := outs["kind"]; kind.IsString() && kind.StringValue() == "Secret" {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if value, given := outs[key]; given {
				outs[key] = resource.MakeSecret(value)
			}
		}
		return
	}
	for key, in := range ins {
		out, given := outs[key]
		switch {
		case !given:
		case out.IsObject() && in.IsObject():
			copySecrets(out.ObjectValue(), in.ObjectValue())
		case !out.IsSecret() && in.ContainsSecrets():
			outs[key] = resource.MakeSecret(out)
		}
	}
}

// idOf is "namespace/name", or "name" for an object without a namespace.
func idOf(object metav1.Object) string { return idFrom(object.GetNamespace(), object.GetName()) }

func idFrom(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

func parseID(id string) (namespace, name string) {
	if namespace, name, found := strings.Cut(id, "/"); found {
		return namespace, name
	}
	return "", id
}
