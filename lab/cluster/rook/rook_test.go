package rook

import (
	"errors"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestCollectorsGoWithTheLastOfANodesPods(t *testing.T) {
	osd := func(node string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "osd-" + node, Namespace: "rook-ceph", Labels: map[string]string{"app": "rook-ceph-osd"}},
			Spec:       corev1.PodSpec{NodeName: node},
		}
	}
	o := &operator{namespace: "rook-ceph", client: fake.NewClientset(osd("stone"), osd("tank"))}
	w := &work{operator: o, cluster: &cephCluster{}}
	collectors := func(nodes ...string) []string {
		t.Helper()
		var found []corev1.Node
		for _, name := range nodes {
			found = append(found, node(name, corev1.ConditionTrue))
		}
		if err := errors.Join(w.look(t.Context()), w.perNode(t.Context(), found)); err != nil {
			t.Fatal(err)
		}
		list, err := o.client.AppsV1().Deployments("rook-ceph").List(t.Context(), metav1.ListOptions{LabelSelector: "app=rook-ceph-crashcollector"})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, one := range list.Items {
			names = append(names, strings.TrimPrefix(one.Name, "rook-ceph-crashcollector-"))
		}
		slices.Sort(names)
		return names
	}
	if names := collectors("stone", "tank", "titan"); !slices.Equal(names, []string{"stone", "tank"}) {
		t.Error(names)
	}
	for _, name := range []string{"osd-stone", "osd-tank"} {
		if err := o.client.CoreV1().Pods("rook-ceph").Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if names := collectors("tank", "titan"); !slices.Equal(names, []string{"stone"}) {
		t.Errorf("nobody looks after those of a node that is gone: %v", names)
	}
}
