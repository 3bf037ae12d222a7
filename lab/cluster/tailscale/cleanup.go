package tailscale

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// remove takes away everything of a Connector that is deleted, the device last of what is outside of the cluster, and
// then lets the Connector go. What fails is told by an event and tried again; while the StatefulSet's pods end, there is
// nothing to do: its deletion asks for another pass.
func (o *operator) remove(ctx context.Context, cn *connector) error {
	if !slices.Contains(cn.Finalizers, finalizer) {
		return nil
	}
	done, err := o.cleanUp(ctx, o.proxied(cn))
	if err != nil {
		o.warn(cn, connectorCleanupFailed, fmt.Sprintf("failed to cleanup Connector resources: %v", err))
		return err
	}
	if !done {
		return nil
	}
	o.log.Info("cleaned up Connector resources", "connector", cn.Name)
	rest := slices.DeleteFunc(slices.Clone(cn.Finalizers), func(name string) bool { return name == finalizer })
	return o.writeFinalizers(ctx, cn, rest)
}

// cleanUp removes the StatefulSet and its pods first: a proxy that still ran would write into its Secret.
func (o *operator) cleanUp(ctx context.Context, of proxied) (done bool, err error) {
	sets := o.client.AppsV1().StatefulSets(o.settings.namespace)
	found, err := sets.List(ctx, o.selector(of))
	if err != nil {
		return false, err
	}
	foreground := metav1.DeletePropagationForeground
	for _, set := range found.Items {
		if set.DeletionTimestamp != nil {
			continue
		}
		err := sets.Delete(ctx, set.Name, metav1.DeleteOptions{PropagationPolicy: &foreground})
		if err != nil && !apierrors.IsNotFound(err) {
			return false, err
		}
	}
	if len(found.Items) > 0 {
		return false, nil
	}
	secrets := o.client.CoreV1().Secrets(o.settings.namespace)
	states, err := secrets.List(ctx, o.selector(of))
	if err != nil {
		return false, err
	}
	for _, secret := range states.Items {
		if err := o.deleteDevice(ctx, &secret); err != nil {
			return false, err
		}
	}
	services := o.client.CoreV1().Services(o.settings.namespace)
	headless, err := services.List(ctx, o.selector(of))
	if err != nil {
		return false, err
	}
	for _, service := range headless.Items {
		if err := o.ensureMetrics(ctx, monitored{set: service.Name}, proxyClassSpec{}); err != nil {
			return false, err
		}
		if err := services.Delete(ctx, service.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return false, err
		}
	}
	// The Secrets go last: they are what knows the devices.
	for _, secret := range states.Items {
		if err := secrets.Delete(ctx, secret.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return false, err
		}
	}
	return true, nil
}
