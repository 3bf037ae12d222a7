package manifests

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
)

// api is an API server that knows ConfigMaps, and of each the value that was applied last.
type api struct {
	mutex  sync.Mutex
	values map[string]string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	answer := func(object any) { _ = json.NewEncoder(w).Encode(object) }
	switch {
	case r.URL.Path == "/api":
		answer(metav1.APIVersions{TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"}})
	case r.URL.Path == "/apis":
		answer(metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}})
	case r.URL.Path == "/api/v1":
		answer(metav1.APIResourceList{
			TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: "v1",
			APIResources: []metav1.APIResource{{Name: "configmaps", Kind: "ConfigMap", Namespaced: true, Verbs: []string{"patch"}}},
		})
	case r.Method == http.MethodPatch:
		body, _ := io.ReadAll(r.Body)
		objects, err := Parse(body)
		if err != nil || len(objects) != 1 {
			http.Error(w, "no object", http.StatusBadRequest)
			return
		}
		value, _, _ := unstructured.NestedString(objects[0].Object, "data", "from")
		a.mutex.Lock()
		a.values[objects[0].GetName()] = value
		a.mutex.Unlock()
		answer(objects[0])
	default:
		http.NotFound(w, r)
	}
}

func (a *api) value(name string) string {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.values[name]
}

func TestEveryServerAppliesItsOwnFiles(t *testing.T) {
	cluster := &api{values: map[string]string{}}
	address := httptest.NewServer(cluster)
	defer address.Close()
	write := func(dir, from string) {
		text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: kube-system}\ndata: {from: " + from + "}\n"
		if err := os.WriteFile(filepath.Join(dir, "settings.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dirs := []string{t.TempDir(), t.TempDir()}
	write(dirs[0], "first")
	write(dirs[1], "second")
	start := func(dir string) *Deployer {
		deployer, err := New(&rest.Config{Host: address.URL}, dir, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		return deployer
	}
	first := start(dirs[0])
	look := func(deployer *Deployer, want, why string) {
		t.Helper()
		if err := deployer.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := cluster.value("settings"); got != want {
			t.Errorf("%q, want %q: %s", got, want, why)
		}
	}
	look(first, "first", "a server applies what it has as it starts")
	look(start(dirs[1]), "second", "so does the next one, though it leads nothing")
	look(first, "second", "a file that has not changed here is not applied again")
	write(dirs[0], "changed")
	look(first, "changed", "one that changes is")
	look(start(dirs[1]), "second", "a server that starts anew puts back what it has")
}
