package manifests

import (
	"context"
	"testing"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

func TestTwoCoreDNSWhereMoreThanOneNodeTakesThem(t *testing.T) {
	node := func(name string, cordoned bool) runtime.Object {
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.NodeSpec{Unschedulable: cordoned}}
	}
	for _, one := range []struct {
		nodes     []runtime.Object
		has, want int32
	}{
		{[]runtime.Object{node("a", false)}, 1, 1},
		{[]runtime.Object{node("a", false), node("b", false), node("c", false)}, 1, 2},
		{[]runtime.Object{node("a", false), node("b", true)}, 2, 1},
	} {
		client := fake.NewClientset(one.nodes...)
		scale := &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: coreDNS}, Spec: autoscalingv1.ScaleSpec{Replicas: one.has}}
		client.PrependReactor("get", "deployments", func(clienttesting.Action) (bool, runtime.Object, error) { return true, scale, nil })
		client.PrependReactor("update", "deployments", func(action clienttesting.Action) (bool, runtime.Object, error) {
			scale = action.(clienttesting.UpdateAction).GetObject().(*autoscalingv1.Scale)
			return true, scale, nil
		})
		if err := scaleDNS(context.Background(), client); err != nil {
			t.Fatal(err)
		}
		if scale.Spec.Replicas != one.want {
			t.Errorf("%d nodes: %d CoreDNS, wanted %d", len(one.nodes), scale.Spec.Replicas, one.want)
		}
	}
}
