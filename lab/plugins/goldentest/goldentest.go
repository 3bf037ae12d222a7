// Package goldentest holds what a stand-in plugin serves against the program's golden graphs, so that no
// stand-in carries code which nothing registers.
package goldentest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Check fails for every name in served that is neither in a golden graph below testdata, nor in
// exceptions, which gives each its reason. An exception that is not served, or that a graph has, fails
// too.
//
// The graphs in testdata are links: Go's test cache looks only at files by their names inside of the
// module, and would keep an old result.
func Check(t *testing.T, testdata string, served []string, exceptions map[string]string) {
	t.Helper()
	registered := map[string]bool{}
	for _, one := range Resources(t, testdata) {
		registered[one.Type] = true
	}
	for _, name := range served {
		reason, listed := exceptions[name]
		switch {
		case listed && registered[name]:
			t.Errorf("%s is in a golden graph: take it out of the exceptions", name)
		case listed && reason == "":
			t.Errorf("%s: say why it is served although no golden graph has it", name)
		case !listed && !registered[name]:
			t.Errorf("%s is served and in no golden graph: remove it, or list it with the reason why not", name)
		}
	}
	for name := range exceptions {
		if !slices.Contains(served, name) {
			t.Errorf("%s is not served: take it out of the exceptions", name)
		}
	}
}

// Resource is one that the program registers.
type Resource struct {
	Type   string         `json:"type"`
	Name   string         `json:"name"`
	Inputs map[string]any `json:"inputs"`
}

// Resources are those of all graphs below testdata.
func Resources(t *testing.T, testdata string) []Resource {
	t.Helper()
	graphs, err := filepath.Glob(filepath.Join(testdata, "*"))
	if err != nil || len(graphs) == 0 {
		t.Fatalf("%s holds no golden graphs: %v", testdata, err)
	}
	var all []Resource
	for _, graph := range graphs {
		content, err := os.ReadFile(graph)
		if err != nil {
			t.Fatal(err)
		}
		var resources []Resource
		if err := json.Unmarshal(content, &resources); err != nil {
			t.Fatalf("%s: %v", graph, err)
		}
		all = append(all, resources...)
	}
	return all
}
