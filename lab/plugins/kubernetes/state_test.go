package kubernetes

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestSecretDataIsSecretWhateverTheProgramSays(t *testing.T) {
	live := parse(t, "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {pw: eA==}}")
	state := checkpoint(live, live, resource.PropertyMap{}, "v1", "pulumi-kubernetes-12345678")
	if !state["data"].IsSecret() || !state[inputsKey].ObjectValue()["data"].IsSecret() {
		t.Errorf("state: %v", state)
	}
	inputs, again := parseCheckpoint(state)
	if text(again, "data", "pw") != "eA==" || text(inputs, "data", "pw") != "eA==" || again.Object[inputsKey] != nil {
		t.Errorf("parsed: %v %v", inputs.Object, again.Object)
	}
}

func TestSecretsOfTheProgramStaySecretInTheState(t *testing.T) {
	program := resource.PropertyMap{"spec": resource.NewProperty(resource.PropertyMap{
		"token": resource.MakeSecret(resource.NewProperty("t")), "open": resource.NewProperty("o"),
	})}
	live := parse(t, "{apiVersion: a.io/v1, kind: Foo, metadata: {name: a}, spec: {token: t, open: o}}")
	spec := checkpoint(live, live, program, "a.io/v1", "m")["spec"].ObjectValue()
	if !spec["token"].IsSecret() || spec["open"].IsSecret() {
		t.Errorf("spec: %v", spec)
	}
}

func TestDashedSchemaKeysAreUnderscoredInTheState(t *testing.T) {
	object := objectOf(resource.PropertyMap{"x_kubernetes_int_or_string": resource.NewProperty(true)})
	if object.Object["x-kubernetes-int-or-string"] != true {
		t.Errorf("object: %v", object.Object)
	}
	if props := propertiesOf(object); !props["x_kubernetes_int_or_string"].BoolValue() {
		t.Errorf("props: %v", props)
	}
}

func TestFirstApplyTakesOverCreatorAndKubectlButNotOthers(t *testing.T) {
	entry := func(manager string, operation metav1.ManagedFieldsOperationType, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Operation: operation, APIVersion: "v1",
			FieldsType: "FieldsV1", FieldsV1: &metav1.FieldsV1{Raw: []byte(fields)}}
	}
	kept, owned, changed, err := mergeManagers([]metav1.ManagedFieldsEntry{
		entry(creator, metav1.ManagedFieldsOperationUpdate, `{"f:data":{"f:a":{}}}`),
		entry("kubectl", metav1.ManagedFieldsOperationUpdate, `{"f:metadata":{"f:labels":{"f:l":{}}}}`),
		entry("hpa", metav1.ManagedFieldsOperationUpdate, `{"f:spec":{"f:replicas":{}}}`),
	}, "pulumi-kubernetes-1", "v1")
	if err != nil || !changed || len(kept) != 1 || kept[0].Manager != "hpa" {
		t.Fatalf("%v %v %v", err, changed, kept)
	}
	var fields map[string]map[string]any
	if err := json.Unmarshal(owned.FieldsV1.Raw, &fields); err != nil || fields["f:data"] == nil || fields["f:metadata"] == nil {
		t.Errorf("%v %s", err, owned.FieldsV1.Raw)
	}
	if _, _, again, _ := mergeManagers([]metav1.ManagedFieldsEntry{owned}, "pulumi-kubernetes-1", "v1"); again {
		t.Error("a second apply rewrites managedFields again")
	}
}

func TestReleaseValuesWinOverFilesAndDefaultsAreStored(t *testing.T) {
	file, err := asset.FromText("a: file\nnested: {x: 1, y: 2}\n")
	if err != nil {
		t.Fatal(err)
	}
	r, err := decodeRelease(resource.PropertyMap{
		"chart": resource.NewProperty("c"), "name": resource.NewProperty("n"), "timeout": resource.NewProperty(300.0),
		"repositoryOpts": resource.NewProperty(resource.PropertyMap{"repo": resource.NewProperty("https://x")}),
		"valueYamlFiles": resource.NewProperty([]resource.PropertyValue{resource.NewProperty(file)}),
		"values": resource.NewProperty(resource.PropertyMap{
			"a":      resource.MakeSecret(resource.NewProperty("value")),
			"nested": resource.NewProperty(resource.PropertyMap{"y": resource.NewProperty(3.0)}),
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	nested := r.Values["nested"].(map[string]any)
	if r.Values["a"] != "value" || nested["x"] != 1.0 || nested["y"] != 3.0 || r.RepositoryOpts.Repo != "https://x" {
		t.Errorf("release: %+v", r)
	}
	state := releaseState(resource.PropertyMap{}, r, true)
	if state["atomic"].BoolValue() || !state["status"].IsComputed() || state["timeout"].NumberValue() != 300 {
		t.Errorf("state: %v", state)
	}
}

func TestResourceNamesAreGroupedByKind(t *testing.T) {
	names, err := resourceNames("kind: ConfigMap\napiVersion: v1\nmetadata: {name: h1-cm}\n---\n" +
		"kind: Deployment\napiVersion: apps/v1\nmetadata: {name: h1-dep, namespace: x}\n---\n# nothing\n")
	if err != nil || names["ConfigMap/v1"][0] != "h1-cm" || names["Deployment.apps/apps/v1"][0] != "x/h1-dep" || len(names) != 2 {
		t.Errorf("%v %v", err, names)
	}
}
