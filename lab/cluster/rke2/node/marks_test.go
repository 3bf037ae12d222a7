package node

import (
	"context"
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestMarksOfAnAgentKeepTheLabelsThatItsKubeletSet(t *testing.T) {
	labels := map[string]string{"kubernetes.io/os": "linux"}
	client := fake.NewSimpleClientset(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "a", Labels: labels}})
	if err := Apply(context.Background(), client, "a", Marks{ProviderID: "rke2://a"}); err != nil {
		t.Fatal(err)
	}
	node, err := client.CoreV1().Nodes().Get(context.Background(), "a", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(node.Labels, labels) || node.Spec.ProviderID != "rke2://a" {
		t.Fatalf("labels are %v, provider id is %q", node.Labels, node.Spec.ProviderID)
	}
}
