package manifests

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	objects, err := Parse([]byte("---\n# only a comment\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n" +
		"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n"))
	if err != nil || len(objects) != 2 || objects[1].GetName() != "b" {
		t.Errorf("%v %v", objects, err)
	}
	if _, err := Parse([]byte("apiVersion: v1\nkind: Namespace\n")); err == nil {
		t.Error("accepted an object without a name")
	}
}

func TestPackagedComponents(t *testing.T) {
	p := Packaged{Dir: t.TempDir(), ClusterDNS: "10.53.0.10", ClusterDomain: "lab.local"}
	if err := p.Write(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(p.Dir, "rke2-coredns.yaml")
	content, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(content), "clusterIP: 10.53.0.10") || strings.Contains(string(content), "${") {
		t.Errorf("%s %v", content, err)
	}
	if objects, err := Parse(content); err != nil || len(objects) != 6 {
		t.Errorf("%d objects: %v", len(objects), err)
	}
	p.Disabled = []string{"rke2-coredns"}
	if err := p.Write(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a disabled component's file is still there")
	}
}
