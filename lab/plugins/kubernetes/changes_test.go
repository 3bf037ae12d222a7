package kubernetes

import (
	"sort"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	encoded, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	// As the API client does: whole numbers become int64.
	if err := json.Unmarshal(encoded, &object.Object); err != nil {
		t.Fatal(err)
	}
	return object
}

// told lists changes as "KIND path", sorted.
func told(found map[string]*pulumirpc.PropertyDiff) string {
	var lines []string
	for path, change := range found {
		lines = append(lines, change.Kind.String()+" "+path)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func TestChangesNeedANewObjectWhereTheServerForbidsThem(t *testing.T) {
	for _, c := range []struct{ name, kind, old, wanted, expected string }{
		{"Deployment selector", "apps/v1 Deployment", "spec: {selector: {matchLabels: {a: b}}}",
			"spec: {selector: {matchLabels: {a: c}}}", "UPDATE_REPLACE spec.selector.matchLabels.a"},
		{"Deployment replicas", "apps/v1 Deployment", "spec: {replicas: 1}", "spec: {replicas: 2}", "UPDATE spec.replicas"},
		{"Job template", "batch/v1 Job", "spec: {template: {spec: {x: 1}}}", "spec: {template: {spec: {x: 2}}}",
			"UPDATE_REPLACE spec.template.spec.x"},
		{"set gains a volume", "apps/v1 StatefulSet", "spec: {volumeClaimTemplates: [{kind: a}]}",
			"spec: {volumeClaimTemplates: [{kind: a}, {kind: b}]}", "ADD_REPLACE spec.volumeClaimTemplates[1]"},
		{"Service type", "v1 Service", "spec: {type: ClusterIP}", "spec: {type: LoadBalancer}", "UPDATE spec.type"},
		{"Service address", "v1 Service", "spec: {clusterIP: 10.0.0.1}", "spec: {clusterIP: 10.0.0.2}", "UPDATE_REPLACE spec.clusterIP"},
		{"claim size", "v1 PersistentVolumeClaim", "spec: {resources: {requests: {storage: 1Gi}}}",
			"spec: {resources: {requests: {storage: 2Gi}}}", "UPDATE spec.resources.requests.storage"},
		{"class parameters", "storage.k8s.io/v1 StorageClass", "parameters: {a: b}", "parameters: {a: c}", "UPDATE_REPLACE parameters.a"},
		{"role of a binding", "rbac.authorization.k8s.io/v1 ClusterRoleBinding", "roleRef: {name: a}", "roleRef: {name: b}",
			"UPDATE_REPLACE roleRef.name"},
		{"name", "v1 Namespace", "metadata: {name: a}", "metadata: {name: b}", "UPDATE_REPLACE metadata.name"},
		{"ConfigMap data", "v1 ConfigMap", "data: {a: b}", "data: {}", "DELETE_REPLACE data.a"},
		{"label with dots", "v1 Namespace", "metadata: {labels: {}}", "metadata: {labels: {a.b/c: d}}", `ADD metadata.labels["a.b/c"]`},
		{"number forms", "a.io/v1 Foo", "spec: {n: 1}", "spec: {n: 1.0}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			old, wanted := parse(t, c.old), parse(t, c.wanted)
			version, kind, _ := strings.Cut(c.kind, " ")
			wanted.SetAPIVersion(version)
			wanted.SetKind(kind)
			fields := (&kubeProvider{}).replacingFields(wanted)
			delete(wanted.Object, "apiVersion")
			delete(wanted.Object, "kind")
			if got := told(compare(old.Object, old.Object, wanted.Object, fields)); got != c.expected {
				t.Errorf("got %q, want %q", got, c.expected)
			}
		})
	}
}

func TestMutableArgumentsTurnDataIntoAnUpdateUnlessImmutable(t *testing.T) {
	p := &kubeProvider{settings: settings{mutableConfigMap: true, mutableSecret: true}}
	old := map[string]any{"data": map[string]any{"a": "1"}}
	for text, expected := range map[string]string{
		"{apiVersion: v1, kind: ConfigMap}":               "UPDATE data.a",
		"{apiVersion: v1, kind: Secret}":                  "UPDATE data.a",
		"{apiVersion: v1, kind: Secret, immutable: true}": "UPDATE_REPLACE data.a",
	} {
		fields := p.replacingFields(parse(t, text))
		if got := told(compare(old, old, map[string]any{"data": map[string]any{"a": "2"}}, fields)); got != expected {
			t.Errorf("%s: got %q, want %q", text, got, expected)
		}
	}
}

func TestFieldsOfTheServerAreNoDifference(t *testing.T) {
	live := parse(t, "spec: {replicas: 2, strategy: {type: RollingUpdate}}\nstatus: {x: 1}")
	inputs := parse(t, "spec: {replicas: 2}")
	if got := told(compare(live.Object, inputs.Object, inputs.Object, nil)); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestAnUnknownValueIsAnUpdate(t *testing.T) {
	old := map[string]any{"data": "x"}
	wanted := map[string]any{"data": resource.Computed{}, "more": resource.Computed{}}
	if got := told(compare(old, old, wanted, nil)); got != "ADD more\nUPDATE data" {
		t.Errorf("got %q", got)
	}
}

func TestEqualInputsGetOneForm(t *testing.T) {
	secret := normalise(parse(t, "{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {pw: x}}"))
	if data := secret.Object["data"].(map[string]any); data["pw"] != "eA==" || secret.Object["stringData"] != nil {
		t.Errorf("secret: %v", secret.Object)
	}
	pod := normalise(parse(t, "{apiVersion: v1, kind: Pod, metadata: {name: a, uid: u}, "+
		"spec: {containers: [{name: c, resources: {requests: {cpu: '0.5', memory: 1024Mi}}}]}}"))
	containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
	requests, _, _ := unstructured.NestedStringMap(containers[0].(map[string]any), "resources", "requests")
	if requests["cpu"] != "500m" || requests["memory"] != "1Gi" || pod.GetUID() != "" {
		t.Errorf("pod: %v", pod.Object)
	}
	if pod.Object["status"] != nil {
		t.Error("a field that was not given has come in")
	}
}
