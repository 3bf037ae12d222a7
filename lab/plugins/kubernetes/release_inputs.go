package kubernetes

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"sigs.k8s.io/yaml"
)

// defaultTimeout is the limit, in seconds, of a Helm operation that waits.
const defaultTimeout = 300

// release is helm.v3.Release, inputs and outputs together, see
// https://www.pulumi.com/registry/packages/kubernetes/api-docs/helm/v3/release/
type release struct {
	AllowNullValues          bool                `json:"allowNullValues,omitempty"`
	Atomic                   bool                `json:"atomic,omitempty"`
	Chart                    string              `json:"chart,omitempty"`
	CleanupOnFail            bool                `json:"cleanupOnFail,omitempty"`
	CreateNamespace          bool                `json:"createNamespace,omitempty"`
	DependencyUpdate         bool                `json:"dependencyUpdate,omitempty"`
	Description              string              `json:"description,omitempty"`
	Devel                    bool                `json:"devel,omitempty"`
	DisableCRDHooks          bool                `json:"disableCRDHooks,omitempty"`
	DisableOpenapiValidation bool                `json:"disableOpenapiValidation,omitempty"`
	DisableWebhooks          bool                `json:"disableWebhooks,omitempty"`
	ForceUpdate              bool                `json:"forceUpdate,omitempty"`
	Keyring                  string              `json:"keyring,omitempty"`
	Lint                     bool                `json:"lint,omitempty"`
	MaxHistory               *int                `json:"maxHistory,omitempty"`
	Name                     string              `json:"name,omitempty"`
	Namespace                string              `json:"namespace,omitempty"`
	Postrender               string              `json:"postrender,omitempty"`
	RecreatePods             bool                `json:"recreatePods,omitempty"`
	RenderSubchartNotes      bool                `json:"renderSubchartNotes,omitempty"`
	Replace                  bool                `json:"replace,omitempty"`
	RepositoryOpts           *repositoryOpts     `json:"repositoryOpts,omitempty"`
	ResetValues              bool                `json:"resetValues,omitempty"`
	ReuseValues              bool                `json:"reuseValues,omitempty"`
	Values                   map[string]any      `json:"values,omitempty"`
	SkipCrds                 bool                `json:"skipCrds,omitempty"`
	Timeout                  int                 `json:"timeout,omitempty"`
	Verify                   bool                `json:"verify,omitempty"`
	Version                  string              `json:"version,omitempty"`
	SkipAwait                bool                `json:"skipAwait,omitempty"`
	WaitForJobs              bool                `json:"waitForJobs,omitempty"`
	ResourceNames            map[string][]string `json:"resourceNames,omitempty"`
	Status                   *releaseStatus      `json:"status,omitempty"`
}

// repositoryOpts says where a chart named without a path is found, with files and credentials.
type repositoryOpts struct {
	Repo     string `json:"repo,omitempty"`
	CAFile   string `json:"caFile,omitempty"`
	CertFile string `json:"certFile,omitempty"`
	KeyFile  string `json:"keyFile,omitempty"`
	Password string `json:"password,omitempty"`
	Username string `json:"username,omitempty"`
}

// releaseStatus is what Helm's record of the release says.
type releaseStatus struct {
	AppVersion string `json:"appVersion,omitempty"`
	Chart      string `json:"chart,omitempty"`
	Name       string `json:"name,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Revision   *int   `json:"revision,omitempty"`
	Status     string `json:"status,omitempty"`
	Version    string `json:"version,omitempty"`
}

// id is "namespace/name".
func (r *release) id() string { return idFrom(r.Namespace, r.Name) }

// decodeRelease reads a release from inputs or state. The files in valueYamlFiles are merged in
// order, then `values` over them; unknown values become null.
func decodeRelease(props resource.PropertyMap) (*release, error) {
	fields := props.MapRepl(nil, plainOrNull)
	files, err := valuesOfFiles(fields["valueYamlFiles"])
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"valueYamlFiles", inputsKey, "manifest"} {
		delete(fields, key)
	}
	if holdsAsset(fields["values"]) {
		return nil, errors.New("values: an asset as a value is not supported; pass its text, or the file in valueYamlFiles")
	}
	encoded, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("decoding failure: %w", err)
	}
	var r release
	if err := json.Unmarshal(encoded, &r); err != nil {
		return nil, fmt.Errorf("decoding failure: %w", err)
	}
	r.Values = mergeValues(files, r.Values)
	return &r, nil
}

func plainOrNull(v resource.PropertyValue) (any, bool) {
	if v.IsSecret() {
		return v.SecretValue().Element.MapRepl(nil, plainOrNull), true
	}
	return nil, v.IsComputed() || v.IsOutput()
}

func valuesOfFiles(files any) (map[string]any, error) {
	merged := map[string]any{}
	list, _ := files.([]any)
	for i, element := range list {
		file, ok := element.(*asset.Asset)
		if !ok {
			return nil, fmt.Errorf("valueYamlFiles[%d]: must be a file or string asset, not %T", i, element)
		}
		text, err := file.Bytes()
		if err != nil {
			return nil, err
		}
		values := map[string]any{}
		if err := yaml.Unmarshal(text, &values); err != nil {
			return nil, fmt.Errorf("valueYamlFiles[%d]: %w", i, err)
		}
		merged = mergeValues(merged, values)
	}
	return merged, nil
}

// mergeValues lays over onto base; maps are merged at every depth, all else is replaced.
func mergeValues(base, over map[string]any) map[string]any {
	merged := make(map[string]any, len(base)+len(over))
	for key, value := range base {
		merged[key] = value
	}
	for key, value := range over {
		below, isMap := merged[key].(map[string]any)
		above, both := value.(map[string]any)
		if isMap && both {
			value = mergeValues(below, above)
		}
		merged[key] = value
	}
	return merged
}

func holdsAsset(value any) bool {
	switch v := value.(type) {
	case *asset.Asset:
		return true
	case map[string]any:
		for _, element := range v {
			if holdsAsset(element) {
				return true
			}
		}
	case []any:
		for _, element := range v {
			if holdsAsset(element) {
				return true
			}
		}
	}
	return false
}

// copyUnknowns puts back the unknown values that a plain struct could not hold.
func copyUnknowns(out, in resource.PropertyValue) resource.PropertyValue {
	switch {
	case in.IsSecret():
		return copyUnknowns(out, in.SecretValue().Element)
	case in.IsComputed() || in.IsOutput():
		return resource.MakeComputed(resource.NewProperty(""))
	case out.IsObject() && in.IsObject():
		for key, value := range in.ObjectValue() {
			if kept, given := out.ObjectValue()[key]; given {
				out.ObjectValue()[key] = copyUnknowns(kept, value)
			} else if value.ContainsUnknowns() {
				out.ObjectValue()[key] = value
			}
		}
	case out.IsArray() && in.IsArray():
		for i := range min(len(out.ArrayValue()), len(in.ArrayValue())) {
			out.ArrayValue()[i] = copyUnknowns(out.ArrayValue()[i], in.ArrayValue()[i])
		}
	}
	return out
}

// releaseState is the state of a release: all options and outputs, and its inputs, encrypted as a
// whole because values may hold secrets.
func releaseState(inputs resource.PropertyMap, r *release, preview bool) resource.PropertyMap {
	state := resource.NewPropertyMap(r)
	copyUnknowns(resource.NewProperty(state), resource.NewProperty(inputs))
	copySecrets(state, inputs)
	state[inputsKey] = resource.MakeSecret(resource.NewProperty(inputs))
	if preview {
		state["resourceNames"] = resource.MakeComputed(resource.NewProperty(""))
		state["status"] = resource.MakeComputed(resource.NewProperty(""))
	}
	return state
}

// releaseInputsIn gives the inputs in a state; nil for a release that is being imported.
func releaseInputsIn(state resource.PropertyMap) resource.PropertyMap {
	inputs := state[inputsKey]
	if inputs.IsSecret() {
		inputs = inputs.SecretValue().Element
	}
	if inputs.IsObject() {
		return inputs.ObjectValue().Copy()
	}
	return nil
}
