package tailscale

import (
	"context"
	"encoding/json"
	"fmt"

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
	return o.each(ctx, proxyClasses, "proxyclass", func(object *unstructured.Unstructured, _ int) error {
		return o.reconcileProxyClass(ctx, object)
	})
}

// reconcileProxyClass lets a deleted class go at once, whoever uses it, as the real operator does.
func (o *operator) reconcileProxyClass(ctx context.Context, object *unstructured.Unstructured) error {
	object, err := o.hold(ctx, proxyClasses, object)
	if err != nil || object == nil {
		return err
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
	return o.putStatus(ctx, proxyClasses, object, class)
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
