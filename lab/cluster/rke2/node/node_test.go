package node

import (
	"context"
	"errors"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestTheFirstPasswordOfANodeStays(t *testing.T) {
	ctx, client := context.Background(), fake.NewClientset()
	if err := CheckPassword(ctx, client, "stone", "one"); err != nil {
		t.Fatal(err)
	}
	if err := CheckPassword(ctx, client, "stone", "one"); err != nil {
		t.Error(err)
	}
	if err := CheckPassword(ctx, client, "stone", "two"); !errors.Is(err, ErrRejected) {
		t.Errorf("another password: %v", err)
	}
	if err := CheckPassword(ctx, client, "tank", "two"); err != nil {
		t.Errorf("another node: %v", err)
	}
}

type removed []string

func (r *removed) RemoveNode(_ context.Context, node, address string) error {
	*r = append(*r, node+" "+address)
	return nil
}

func TestADeletedServerLosesItsMemberAndPassword(t *testing.T) {
	ctx := context.Background()
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: "tank", Annotations: map[string]string{AddressAnnotation: "192.168.1.22"},
	}}
	client := fake.NewClientset(n)
	if err := CheckPassword(ctx, client, "tank", "p"); err != nil {
		t.Fatal(err)
	}
	members := &removed{}
	if err := Reconcile(ctx, client, members, n); err != nil {
		t.Fatal(err)
	}
	n, err := client.CoreV1().Nodes().Get(ctx, "tank", metav1.GetOptions{})
	if err != nil || len(n.Finalizers) != 2 || len(*members) != 0 {
		t.Fatalf("%v %v %v", n.Finalizers, *members, err)
	}
	now := metav1.Now()
	n.DeletionTimestamp = &now
	if err := Reconcile(ctx, client, members, n); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(*members, []string{"tank 192.168.1.22"}) {
		t.Errorf("members removed: %v", *members)
	}
	_, err = client.CoreV1().Secrets("kube-system").Get(ctx, SecretName("tank"), metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("the password is still there: %v", err)
	}
}
