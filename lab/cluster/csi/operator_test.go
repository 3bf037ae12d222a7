package csi

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestAnObjectIsWrittenOnceForEachSpec(t *testing.T) {
	client := fake.NewClientset()
	deployments := client.AppsV1().Deployments("rook-ceph")
	put := func(replicas int32) {
		wanted := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "driver"}, Spec: appsv1.DeploymentSpec{Replicas: &replicas}}
		if err := write(t.Context(), deployments, wanted, wanted.Spec); err != nil {
			t.Fatal(err)
		}
	}
	put(1)
	put(1)
	put(2)
	verbs := []string{}
	for _, action := range client.Actions() {
		if action.GetVerb() != "get" {
			verbs = append(verbs, action.GetVerb())
		}
	}
	if len(verbs) != 2 || verbs[0] != "create" || verbs[1] != "update" {
		t.Errorf("it was written by %v", verbs)
	}
	found, err := deployments.Get(t.Context(), "driver", metav1.GetOptions{})
	if err != nil || *found.Spec.Replicas != 2 {
		t.Errorf("%v, %v", found, err)
	}
}
