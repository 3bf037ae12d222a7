package manifests

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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
	objects, err := Parse(content)
	if err != nil || len(objects) != 6 {
		t.Fatalf("%d objects: %v", len(objects), err)
	}
	apart, found, err := unstructured.NestedSlice(objects[5].Object, "spec", "template", "spec", "affinity", "podAntiAffinity",
		"requiredDuringSchedulingIgnoredDuringExecution")
	if err != nil || !found || len(apart) != 1 {
		t.Errorf("two of %s may be on one node: %v", objects[5].GetName(), err)
	}
	p.Disabled = []string{"rke2-coredns"}
	if err := p.Write(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a disabled component's file is still there")
	}
}

func TestIngressControllers(t *testing.T) {
	for _, one := range []struct {
		name     string
		chosen   []string
		disabled []string
		want     []string
	}{
		{"none", []string{"none"}, nil, nil},
		{"a disabled chart leaves the other one", []string{"traefik"}, []string{"rke2-ingress-nginx"}, []string{"traefik"}},
		{"a disabled chart that is the default", []string{"ingress-nginx"}, []string{"rke2-ingress-nginx"}, nil},
		{"both", []string{"traefik", "ingress-nginx"}, nil, []string{"traefik", "ingress-nginx"}},
	} {
		p := Packaged{Dir: t.TempDir(), ClusterDNS: "10.43.0.10", Ingress: one.chosen, Disabled: one.disabled}
		if err := p.Write(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, controller := range Controllers {
			if content, err := os.ReadFile(filepath.Join(p.Dir, "rke2-"+controller+".yaml")); err == nil {
				got = append(got, controller)
				if objects, err := Parse(content); err != nil || len(objects) != 3 || strings.Contains(string(content), "${") {
					t.Errorf("%s: %d objects: %v", controller, len(objects), err)
				}
			}
		}
		if !slices.Equal(got, one.want) {
			t.Errorf("%s: %v, want %v", one.name, got, one.want)
		}
	}
}

func TestTheDefaultIngressController(t *testing.T) {
	chart := func(name, class string) unstructured.Unstructured {
		return unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"name": name},
			"spec":     map[string]any{"set": map[string]any{"global.systemDefaultIngressClass": class}},
		}}
	}
	for _, one := range []struct {
		minor  uint
		charts []unstructured.Unstructured
		want   string
	}{
		{35, nil, "ingress-nginx"},
		// An upgraded cluster that had its ingress controller disabled gets one all the same.
		{36, nil, "traefik"},
		{36, []unstructured.Unstructured{chart("rke2-coredns", "ingress-nginx")}, "traefik"},
		{36, []unstructured.Unstructured{chart("rke2-ingress-nginx", "ingress-nginx")}, "ingress-nginx"},
	} {
		if got := DefaultIngress(one.minor, one.charts); got != one.want {
			t.Errorf("1.%d with %d charts: %s, want %s", one.minor, len(one.charts), got, one.want)
		}
	}
}
