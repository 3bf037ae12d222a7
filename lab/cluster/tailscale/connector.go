package tailscale

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"homelab/lab/machines/tailscale/control"
)

// The condition of a Connector and its reasons, as the real operator has them.
const (
	connectorReady           = "ConnectorReady"
	connectorCreated         = "ConnectorCreated"
	connectorCreating        = "ConnectorCreating"
	connectorCreationFailed  = "ConnectorCreationFailed"
	connectorInvalid         = "ConnectorInvalid"
	connectorCleanupFailed   = "ConnectorCleanupFailed"
	connectorInvalidMessage  = "Connector is invalid: %v"
	connectorCreationMessage = "Failed creating Connector: %v"
)

// reconcileConnectors makes a pass over every Connector; one that fails does not hold up the others.
func (o *operator) reconcileConnectors(ctx context.Context) error {
	return o.each(ctx, connectors, "connector", func(object *unstructured.Unstructured, _ int) error {
		cn, err := decode[connector](object)
		if err != nil {
			return err
		}
		return o.reconcile(ctx, &cn)
	})
}

func (o *operator) reconcile(ctx context.Context, cn *connector) error {
	if cn.DeletionTimestamp != nil {
		return o.remove(ctx, cn)
	}
	if err := o.ensureFinalizer(ctx, cn); err != nil {
		return err
	}
	before := cn.Status
	before.Conditions = slices.Clone(before.Conditions)
	status, reason, message := metav1.ConditionTrue, connectorCreated, connectorCreated
	err := cn.validate()
	if err != nil {
		status, reason, message = metav1.ConditionFalse, connectorInvalid, fmt.Sprintf(connectorInvalidMessage, err)
		// Only a change of the Connector makes it valid, and that asks for a pass by itself.
		err = nil
	} else if err = o.provision(ctx, cn); err != nil {
		status, reason, message = metav1.ConditionFalse, connectorCreationFailed, fmt.Sprintf(connectorCreationMessage, err)
		if apierrors.IsConflict(err) {
			reason, message = connectorCreating, "optimistic lock error, retrying: "+err.Error()
		}
	} else {
		cn.Status.IsExitNode = cn.Spec.ExitNode
		cn.Status.SubnetRoutes = ""
		if cn.Spec.SubnetRouter != nil {
			cn.Status.SubnetRoutes = strings.Join(cn.Spec.SubnetRouter.AdvertiseRoutes, ",")
		}
	}
	condition := metav1.Condition{
		Type: connectorReady, Status: status, Reason: reason, Message: message, ObservedGeneration: cn.Generation,
	}
	news := meta.SetStatusCondition(&cn.Status.Conditions, condition)
	if news && status == metav1.ConditionFalse && reason != connectorCreating {
		o.warn(cn, reason, message)
	}
	if reflect.DeepEqual(before, cn.Status) {
		return err
	}
	return errors.Join(err, o.writeStatus(ctx, cn))
}

// warn records a Warning event about the Connector.
func (o *operator) warn(cn *connector, reason, message string) {
	reference := &corev1.ObjectReference{
		APIVersion: group + "/v1alpha1", Kind: "Connector", Name: cn.Name, UID: cn.UID, ResourceVersion: cn.ResourceVersion,
	}
	o.recorder.Event(reference, corev1.EventTypeWarning, reason, message)
}

// ensureFinalizer puts the operator's finalizer on a Connector that has none.
func (o *operator) ensureFinalizer(ctx context.Context, cn *connector) error {
	if slices.Contains(cn.Finalizers, finalizer) {
		return nil
	}
	o.log.Info("ensuring Connector is set up", "connector", cn.Name)
	return o.writeFinalizers(ctx, cn, append(cn.Finalizers, finalizer))
}

// writeFinalizers changes nothing but the finalizers; the object is read again, since what the operator knows of a
// Connector is not all of it.
func (o *operator) writeFinalizers(ctx context.Context, cn *connector, finalizers []string) error {
	object, err := o.dynamic.Resource(connectors).Get(ctx, cn.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	object.SetFinalizers(finalizers)
	object.SetResourceVersion(cn.ResourceVersion)
	written, err := o.dynamic.Resource(connectors).Update(ctx, object, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	cn.ResourceVersion, cn.Finalizers = written.GetResourceVersion(), finalizers
	return nil
}

// writeStatus replaces the status by an update: the operator's role has no patch.
func (o *operator) writeStatus(ctx context.Context, cn *connector) error {
	encoded, err := encode(cn)
	if err != nil {
		return err
	}
	encoded.SetAPIVersion(group + "/v1alpha1")
	encoded.SetKind("Connector")
	_, err = o.dynamic.Resource(connectors).UpdateStatus(ctx, encoded, metav1.UpdateOptions{})
	return err
}

// validate repeats what the CRD's rules check, checks the routes, and refuses what the lab does not play.
func (cn *connector) validate() error {
	spec := cn.Spec
	switch {
	case spec.AppConnector != nil:
		return errors.New("appConnector: the lab does not play app connectors")
	case spec.Tailnet != "":
		return errors.New("tailnet: the lab has one tailnet only")
	case spec.SubnetRouter == nil && !spec.ExitNode:
		return errors.New("invalid spec: a Connector must be configured as at least one of subnet router, exit node or app connector")
	case cn.replicas() > 1 && spec.Hostname != "":
		return errors.New("invalid spec: a Connector that is configured with multiple replicas cannot specify a hostname. Instead, use a hostnamePrefix")
	case spec.Hostname != "" && spec.HostnamePrefix != "":
		return errors.New("invalid spec: a Connect cannot use both a hostname and hostname prefix")
	case spec.SubnetRouter == nil:
		return nil
	case len(spec.SubnetRouter.AdvertiseRoutes) == 0:
		return errors.New("invalid subnet router spec: no routes defined")
	}
	return control.CheckRoutes(spec.SubnetRouter.AdvertiseRoutes)
}

// hostname is the name that the Connector's proxy asks the tailnet for.
func (cn *connector) hostname(ordinal int32) string {
	switch {
	case cn.Spec.HostnamePrefix != "":
		return fmt.Sprintf("%s-%d", cn.Spec.HostnamePrefix, ordinal)
	case cn.Spec.Hostname != "":
		return cn.Spec.Hostname
	}
	return cn.Name + "-connector"
}

// advertised are the routes of the Connector, the exit node's included.
func (cn *connector) advertised() []string {
	var list []string
	if cn.Spec.SubnetRouter != nil {
		list = append(list, cn.Spec.SubnetRouter.AdvertiseRoutes...)
	}
	if cn.Spec.ExitNode {
		list = append(list, control.ExitRoutes...)
	}
	return list
}
