package kubelet

import (
	"context"
	"log/slog"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Duration and renewal of a node's lease, the kubelet's defaults (nodeLeaseDurationSeconds 40,
// renewed every quarter of it).
const (
	leaseSeconds = int32(40)
	leaseRenewal = 10 * time.Second
)

// insist repeats a call to the API until it succeeds or ctx ends, whose error it returns then. The
// first failures are not logged as warnings: the API learns a little late that a pod is this node's.
func (k *kubelet) insist(ctx context.Context, task string, call func() error) error {
	const longest = 2 * time.Second
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, longest) {
		err := call()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		level := slog.LevelDebug
		if pause >= time.Second {
			level = slog.LevelWarn
		}
		k.log.Log(ctx, level, "cannot "+task+"; trying again", "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// keepLease renews the node's lease, by which the node controller notices a lost node. It asks for the lease only after a failure
// (component-helpers, apimachinery/lease/controller.go).
func (k *kubelet) keepLease(ctx context.Context, node *corev1.Node) {
	ticker := time.NewTicker(leaseRenewal)
	defer ticker.Stop()
	var lease *coordinationv1.Lease
	for {
		err := k.insist(ctx, "renew the node's lease", func() (err error) {
			if !k.silent.Load() {
				lease, err = k.renewLease(ctx, node, lease)
			}
			return err
		})
		if err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-k.leaseDue:
		case <-ticker.C:
		}
	}
}

// renewLease gives the renewed lease, or nil with an error; nil for lease has it looked for, and made where there is none.
func (k *kubelet) renewLease(ctx context.Context, node *corev1.Node, lease *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	leases := k.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	now := metav1.NowMicro()
	var err error
	if lease == nil {
		lease, err = leases.Get(ctx, k.options.NodeName, metav1.GetOptions{})
	}
	if apierrors.IsNotFound(err) {
		seconds, holder := leaseSeconds, k.options.NodeName
		lease, err = leases.Create(ctx, &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{
				Name: k.options.NodeName,
				OwnerReferences: []metav1.OwnerReference{
					{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID},
				},
			},
			Spec: coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: &seconds, RenewTime: &now},
		}, metav1.CreateOptions{})
	} else if err == nil {
		lease.Spec.RenewTime = &now
		lease, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	}
	if err != nil {
		return nil, err
	}
	return lease, nil
}
