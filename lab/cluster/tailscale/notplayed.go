package tailscale

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

const reasonNotPlayed = "NotSupportedByLab"

// notPlayed are the operator's other kinds, each with its condition.
var notPlayed = []struct{ plural, condition string }{
	{"peerrelays", "PeerRelayReady"}, {"proxygrouppolicies", "ProxyGroupPolicyReady"},
	{"recorders", "RecorderReady"}, {"tailnets", "TailnetReady"},
}

// refuseKinds sets the condition of every object of the other kinds to False, with the reason.
func (o *operator) refuseKinds(ctx context.Context) error {
	var failed []error
	for _, one := range notPlayed {
		found, err := o.dynamic.Resource(kind(one.plural)).List(ctx, metav1.ListOptions{})
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", one.plural, err))
			continue
		}
		for i := range found.Items {
			failed = append(failed, o.refuseObject(ctx, &found.Items[i], one.plural, one.condition))
		}
	}
	return errors.Join(failed...)
}

// refuseObject sets the condition of an object that is not played to False.
func (o *operator) refuseObject(ctx context.Context, object *unstructured.Unstructured, plural, condition string) error {
	var status struct {
		Status struct {
			Conditions []metav1.Condition `json:"conditions"`
		} `json:"status"`
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &status); err != nil {
		return fmt.Errorf("%s %s: %w", plural, object.GetName(), err)
	}
	if !meta.SetStatusCondition(&status.Status.Conditions, metav1.Condition{
		Type: condition, Status: metav1.ConditionFalse, Reason: reasonNotPlayed, ObservedGeneration: object.GetGeneration(),
		Message: fmt.Sprintf("the lab's operator plays Connectors, Services with a device of their own, ProxyGroups of egress, their ProxyClass and DNSConfigs only and does nothing for this %s", object.GetKind()),
	}) {
		return nil
	}
	encoded, err := encode(status)
	if err != nil {
		return err
	}
	if err := unstructured.SetNestedField(object.Object, encoded.Object["status"], "status"); err != nil {
		return err
	}
	_, err = o.dynamic.Resource(kind(plural)).Namespace(object.GetNamespace()).UpdateStatus(ctx, object, metav1.UpdateOptions{})
	return err
}

// refuseExposed tells Services and Ingresses that ask to be exposed, by an event, that they are not.
func (o *operator) refuseExposed(ctx context.Context) error {
	services, err := o.client.CoreV1().Services("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range services.Items {
		if service := &services.Items[i]; exposed(service) && !isGroupsEgress(service) && !isIngress(service) {
			o.refuseOnce(service, service.ObjectMeta)
		}
	}
	ingresses, err := o.client.NetworkingV1().Ingresses("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range ingresses.Items {
		ingress := &ingresses.Items[i]
		if class := ingress.Spec.IngressClassName; class != nil && *class == o.settings.ingressClass {
			o.refuseOnce(ingress, ingress.ObjectMeta)
		}
	}
	return nil
}

// exposed tells whether a Service asks for a device of its own, or for a way to one
// (https://tailscale.com/kb/1439/kubernetes-operator-cluster-ingress).
func exposed(service *corev1.Service) bool {
	class := service.Spec.LoadBalancerClass
	return service.Annotations["tailscale.com/expose"] == "true" || service.Annotations["tailscale.com/tailnet-fqdn"] != "" ||
		service.Annotations["tailscale.com/tailnet-ip"] != "" || class != nil && *class == "tailscale"
}

func (o *operator) refuseOnce(object runtime.Object, of metav1.ObjectMeta) {
	if key := string(of.UID); !o.refused[key] {
		o.refused[key] = true
		o.recorder.Event(object, corev1.EventTypeWarning, reasonNotPlayed,
			"the lab's Tailscale operator plays Connectors, Services with an address of the cluster and egress by a ProxyGroup only: it does nothing for this")
	}
}
