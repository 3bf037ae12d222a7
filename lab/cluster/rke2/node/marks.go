package node

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

const (
	// Finalizers of RKE2's controllers: they hold a deleted Node until its etcd member and its
	// password are gone.
	etcdFinalizer = "wrangler.cattle.io/managed-etcd-controller"
	nodeFinalizer = "wrangler.cattle.io/node"
	// AddressAnnotation is the address of a server's etcd member.
	AddressAnnotation = "etcd.rke2.cattle.io/node-address"
	// NameAnnotation is the name of a server's etcd member.
	NameAnnotation = "etcd.rke2.cattle.io/node-name"
)

// Marks are what rke2 itself, not the kubelet, writes on a Node.
type Marks struct {
	Labels, Annotations map[string]string
	// ProviderID is set once, by the cloud controller in a real cluster; empty leaves it.
	ProviderID string
}

// AwaitRegistered returns once the Node exists.
func AwaitRegistered(ctx context.Context, client kubernetes.Interface, name string) error {
	for {
		_, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(150 * time.Millisecond):
		}
	}
}

// Apply writes marks on a Node that exists.
func Apply(ctx context.Context, client kubernetes.Interface, name string, m Marks) error {
	node, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	// In a merge patch (RFC 7386) a null would remove every label that the node has.
	metadata := map[string]any{}
	if len(m.Labels) > 0 {
		metadata["labels"] = m.Labels
	}
	if len(m.Annotations) > 0 {
		metadata["annotations"] = m.Annotations
	}
	patch := map[string]any{"metadata": metadata}
	if m.ProviderID != "" && node.Spec.ProviderID == "" {
		patch["spec"] = map[string]any{"providerID": m.ProviderID}
	}
	return merge(ctx, client, name, patch)
}

func merge(ctx context.Context, client kubernetes.Interface, name string, patch map[string]any) error {
	content, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = client.CoreV1().Nodes().Patch(ctx, name, types.MergePatchType, content, metav1.PatchOptions{})
	return err
}

// Members removes a deleted server's etcd members.
type Members interface {
	RemoveNode(ctx context.Context, node, address string) error
}

// Reconcile keeps the finalizers on a Node, and cleans up after one that was deleted.
func Reconcile(ctx context.Context, client kubernetes.Interface, members Members, node *corev1.Node) error {
	_, etcd := node.Annotations[AddressAnnotation]
	if node.DeletionTimestamp == nil {
		want := []string{nodeFinalizer}
		if etcd {
			want = append(want, etcdFinalizer)
		}
		finalizers := slices.Clone(node.Finalizers)
		for _, f := range want {
			if !slices.Contains(finalizers, f) {
				finalizers = append(finalizers, f)
			}
		}
		return setFinalizers(ctx, client, node, finalizers)
	}
	if etcd && slices.Contains(node.Finalizers, etcdFinalizer) {
		if err := members.RemoveNode(ctx, node.Name, node.Annotations[AddressAnnotation]); err != nil {
			return err
		}
	}
	err := client.CoreV1().Secrets(metav1.NamespaceSystem).
		Delete(ctx, SecretName(node.Name), metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	return setFinalizers(ctx, client, node, slices.DeleteFunc(slices.Clone(node.Finalizers), func(f string) bool {
		return f == etcdFinalizer || f == nodeFinalizer
	}))
}

func setFinalizers(ctx context.Context, client kubernetes.Interface, node *corev1.Node, finalizers []string) error {
	if slices.Equal(finalizers, node.Finalizers) {
		return nil
	}
	// The version guards against writing over another's finalizer.
	err := merge(ctx, client, node.Name, map[string]any{"metadata": map[string]any{
		"resourceVersion": node.ResourceVersion, "finalizers": finalizers,
	}})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
