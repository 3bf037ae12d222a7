package main

import (
	"context"
	"time"

	"homelab/lab/cluster/rke2/manifests"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	semver "k8s.io/apimachinery/pkg/util/version"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

var helmCharts = schema.GroupVersionResource{Group: "helm.cattle.io", Version: "v1", Resource: "helmcharts"}

// ingress are the ingress controllers that this server deploys: those that it was told of, or the release's default, which
// depends on what the cluster has.
func (s *server) ingress(config *rest.Config) ([]string, error) {
	if len(s.c.Ingress) > 0 {
		return s.c.Ingress, nil
	}
	release, err := semver.ParseGeneric(version)
	if err != nil {
		return nil, err
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	charts, err := client.Resource(helmCharts).Namespace(metav1.NamespaceSystem).List(ctx, metav1.ListOptions{})
	if apierrors.IsNotFound(err) {
		return []string{manifests.DefaultIngress(release.Minor(), nil)}, nil
	}
	if err != nil {
		return nil, err
	}
	return []string{manifests.DefaultIngress(release.Minor(), charts.Items)}, nil
}
