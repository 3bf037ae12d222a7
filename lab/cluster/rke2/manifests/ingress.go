package manifests

import (
	_ "embed"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

//go:embed ingress.yaml
var ingress string

// Controllers are the ingress controllers that RKE2 packages (pkg/cli/types.go).
var Controllers = []string{"traefik", "ingress-nginx"}

// What their charts make of them, by controller.
var ingressCharts = map[string]struct{ class, controller, daemonSet, image string }{
	"traefik": {
		"traefik", "traefik.io/ingress-controller", "rke2-traefik", "rancher/hardened-traefik:v3.7.8-build20260717",
	},
	"ingress-nginx": {
		"nginx", "k8s.io/ingress-nginx", "rke2-ingress-nginx-controller", "rancher/nginx-ingress-controller:v1.14.5-hardened1",
	},
}

// DefaultIngress is the controller of a server that was told of none: up to 1.35 ingress-nginx; from 1.36 on what the
// HelmCharts in the cluster name, and Traefik where there are none, also in a cluster that was upgraded
// (pkg/cli/cmds/server.go of v1.35.4+rke2r1, pkg/bootstrap/bootstrap.go of v1.36.3+rke2r1).
func DefaultIngress(minor uint, charts []unstructured.Unstructured) string {
	if minor < 36 {
		return "ingress-nginx"
	}
	for _, chart := range charts {
		if name := chart.GetName(); name != "rke2-ingress-nginx" && name != "rke2-traefik" {
			continue
		}
		set, _, err := unstructured.NestedStringMap(chart.Object, "spec", "set")
		if v := set["global.systemDefaultIngressClass"]; err == nil && v != "" {
			return v
		}
	}
	return Controllers[0]
}

// ingressManifest is what a controller's chart brings; first names the default class's controller.
func ingressManifest(controller, first string) []byte {
	chart := ingressCharts[controller]
	return []byte(strings.NewReplacer(
		"${CONTROLLER}", controller, "${DEFAULT}", first, "${IS_DEFAULT}", strconv.FormatBool(controller == first),
		"${CLASS}", chart.class, "${SPEC_CONTROLLER}", chart.controller, "${DAEMONSET}", chart.daemonSet,
		"${IMAGE}", chart.image,
	).Replace(ingress))
}
