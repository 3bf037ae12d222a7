package manifests

import (
	"context"
	"log/slog"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// coreDNS is the Deployment of the cluster's DNS.
const coreDNS = "rke2-coredns-rke2-coredns"

// scalePeriod is how often the autoscaler looks.
const scalePeriod = 10 * time.Second

// ScaleDNS does what the autoscaler of RKE2's chart does with its settings for a cluster of a home: two CoreDNS where more than
// one node takes them, so that DNS outlives a node (rke2-charts, rke2-coredns, values.yaml: autoscaler, with
// preventSinglePointFailure). It returns when the context ends.
func ScaleDNS(ctx context.Context, client kubernetes.Interface, log *slog.Logger) {
	clock := time.NewTicker(scalePeriod)
	defer clock.Stop()
	for {
		if err := scaleDNS(ctx, client); err != nil && ctx.Err() == nil {
			log.Warn("CoreDNS cannot be scaled", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
	}
}

func scaleDNS(ctx context.Context, client kubernetes.Interface) error {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	taking := 0
	for _, node := range nodes.Items {
		if !node.Spec.Unschedulable {
			taking++
		}
	}
	wanted := int32(min(2, max(1, taking)))
	deployments := client.AppsV1().Deployments(metav1.NamespaceSystem)
	scale, err := deployments.GetScale(ctx, coreDNS, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil // It is disabled, or not there yet.
	}
	if err != nil || scale.Spec.Replicas == wanted {
		return err
	}
	scale.Spec.Replicas = wanted
	_, err = deployments.UpdateScale(ctx, coreDNS, scale, metav1.UpdateOptions{})
	return err
}
