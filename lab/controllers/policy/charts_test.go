package policy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	helm "helm.sh/helm/v3/pkg/engine"
)

// What policies allow is a union: one that a chart makes opens what ours closes, and nobody asks the questions about it.
var policyKind = regexp.MustCompile(`(?m)^kind: (NetworkPolicy|Cilium(Clusterwide)?NetworkPolicy)\s*$`)

func TestNoChartMakesPoliciesOfItsOwn(t *testing.T) {
	releases := 0
	for _, each := range golden(t, "home") {
		if each.Type != "kubernetes:helm.sh/v3:Release" {
			continue
		}
		var release struct {
			Chart, Name, Namespace string
			Values                 map[string]any
		}
		if err := json.Unmarshal(each.Inputs, &release); err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join("../../charts", filepath.Base(release.Chart))
		if _, err := os.Stat(folder); err != nil {
			t.Errorf("%s: the lab has no chart to look into: %v", each.Name, err)
			continue
		}
		releases++
		chart, err := loader.LoadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		options := chartutil.ReleaseOptions{Name: release.Name, Namespace: release.Namespace, IsInstall: true}
		values, err := chartutil.ToRenderValues(chart, release.Values, options, chartutil.DefaultCapabilities)
		if err != nil {
			t.Fatalf("%s: %v", each.Name, err)
		}
		files, err := helm.Render(chart, values)
		if err != nil {
			t.Fatalf("%s: %v", each.Name, err)
		}
		for path, text := range files {
			if kind := policyKind.FindString(text); kind != "" {
				t.Errorf("%s: %s makes a policy (%s): switch it off in the chart's values", each.Name, path, kind)
			}
		}
	}
	if releases == 0 {
		t.Error("the graph has no releases")
	}
}
