package tailscale

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const proxyClassReady = "ProxyClassReady"

var proxyClasses = kind("proxyclasses")

// proxyClass is the part of a ProxyClass that the operator reads and writes.
type proxyClass struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              proxyClassSpec `json:"spec"`
	Status            struct {
		Conditions []metav1.Condition `json:"conditions,omitempty"`
	} `json:"status"`
}

// proxyClassSpec is all that is played: over what a proxy's pods spread.
type proxyClassSpec struct {
	StatefulSet struct {
		Pod struct {
			TopologySpreadConstraints []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`
		} `json:"pod"`
	} `json:"statefulSet"`
}

// reconcileProxyClasses says of every ProxyClass whether it is ready; the real operator judges labels and images, and
// leaves what the API's schema judges to that (cmd/k8s-operator/proxyclass.go).
func (o *operator) reconcileProxyClasses(ctx context.Context) error {
	found, err := o.dynamic.Resource(proxyClasses).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("proxyclasses: %w", err)
	}
	var failed []error
	for i := range found.Items {
		if err := o.reconcileProxyClass(ctx, &found.Items[i]); err != nil {
			failed = append(failed, fmt.Errorf("proxyclass %s: %w", found.Items[i].GetName(), err))
		}
	}
	return errors.Join(failed...)
}

// reconcileProxyClass lets a deleted class go at once, whoever uses it, as the real operator does.
func (o *operator) reconcileProxyClass(ctx context.Context, object *unstructured.Unstructured) error {
	classes := o.dynamic.Resource(proxyClasses)
	has := slices.Contains(object.GetFinalizers(), finalizer)
	if object.GetDeletionTimestamp() != nil {
		if !has {
			return nil
		}
		object.SetFinalizers(slices.DeleteFunc(object.GetFinalizers(), func(one string) bool { return one == finalizer }))
		_, err := classes.Update(ctx, object, metav1.UpdateOptions{})
		return err
	}
	if !has {
		object.SetFinalizers(append(object.GetFinalizers(), finalizer))
		updated, err := classes.Update(ctx, object, metav1.UpdateOptions{})
		if err != nil {
			return err
		}
		object = updated
	}
	class, err := decode[proxyClass](object)
	if err != nil {
		return err
	}
	condition := metav1.Condition{
		Type: proxyClassReady, Status: metav1.ConditionTrue, Reason: "ProxyClassValid", Message: "ProxyClassValid",
		ObservedGeneration: object.GetGeneration(),
	}
	if err := onlyPlayed(object); err != nil {
		condition.Status, condition.Reason, condition.Message = metav1.ConditionFalse, reasonNotPlayed, err.Error()
	}
	if !meta.SetStatusCondition(&class.Status.Conditions, condition) {
		return nil
	}
	encoded, err := encode(class)
	if err != nil {
		return err
	}
	if err := unstructured.SetNestedField(object.Object, encoded.Object["status"], "status"); err != nil {
		return err
	}
	_, err = classes.UpdateStatus(ctx, object, metav1.UpdateOptions{})
	return err
}

// onlyPlayed refuses a class that asks for anything else, by the name of the field.
func onlyPlayed(object *unstructured.Unstructured) error {
	text, err := json.Marshal(object.Object["spec"])
	if err != nil {
		return err
	}
	if err := decodeStrictly(text, &proxyClassSpec{}); err != nil {
		return fmt.Errorf("the lab plays topologySpreadConstraints of a ProxyClass alone: %w", err)
	}
	return nil
}

// spread is what the Connector's class asks for; ready is false while the class is not, and then nothing is made.
func (o *operator) spread(ctx context.Context, cn *connector) (constraints []corev1.TopologySpreadConstraint, ready bool, err error) {
	if cn.Spec.ProxyClass == "" {
		return nil, true, nil
	}
	object, err := o.dynamic.Resource(proxyClasses).Get(ctx, cn.Spec.ProxyClass, metav1.GetOptions{})
	if err != nil {
		return nil, false, fmt.Errorf("error verifying ProxyClass for Connector: error getting ProxyClass %s: %w", cn.Spec.ProxyClass, err)
	}
	class, err := decode[proxyClass](object)
	if err != nil {
		return nil, false, err
	}
	condition := meta.FindStatusCondition(class.Status.Conditions, proxyClassReady)
	ready = condition != nil && condition.Status == metav1.ConditionTrue && condition.ObservedGeneration == object.GetGeneration()
	return class.Spec.StatefulSet.Pod.TopologySpreadConstraints, ready, nil
}
