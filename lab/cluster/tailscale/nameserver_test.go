package tailscale

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestADNSConfigGetsItsNameserverAtTheAddressThatItNames(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	configs := w.operator.dynamic.Resource(dnsConfigs)
	_, err := configs.Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": group + "/v1alpha1", "kind": "DNSConfig", "metadata": map[string]any{"name": "ts-dns"},
		"spec": map[string]any{"nameserver": map[string]any{
			"image": map[string]any{"repo": "tailscale/k8s-nameserver", "tag": "v1.102.3"}, "replicas": int64(2),
			"service": map[string]any{"clusterIP": "10.43.0.12"},
		}},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.operator.reconcileDNSConfigs(ctx); err != nil {
		t.Fatal(err)
	}
	made, err := configs.Get(ctx, "ts-dns", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	address, _, _ := unstructured.NestedString(made.Object, "status", "nameserver", "ip")
	if address != "10.43.0.12" {
		t.Fatalf("got %v", made.Object["status"])
	}
	if err := unstructured.SetNestedField(made.Object, "v1.104.0", "spec", "nameserver", "image", "tag"); err != nil {
		t.Fatal(err)
	}
	if _, err := configs.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := w.operator.reconcileDNSConfigs(ctx); err != nil {
		t.Fatal(err)
	}
	deployment, err := w.client.AppsV1().Deployments(namespace).Get(ctx, "nameserver", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if image := deployment.Spec.Template.Spec.Containers[0].Image; image != "tailscale/k8s-nameserver:v1.104.0" {
		t.Errorf("of another release it runs %s", image)
	}
}
