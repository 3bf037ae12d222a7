package tailscale

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// The condition of a Service that has a device of its own (cmd/k8s-operator/svc.go, maybeProvision).
const (
	proxyReady   = "TailscaleProxyReady"
	proxyCreated = "ProxyCreated"
	proxyInvalid = "ProxyInvalid"
	proxyFailed  = "ProxyFailed"
	proxyPending = "ProxyPending"
)

const (
	annotationHostname = "tailscale.com/hostname"
	annotationTags     = "tailscale.com/tags"
	// labelClass names a Service's class, as a label or an annotation.
	labelClass = "tailscale.com/proxy-class"
	// destination is the variable of a proxy with the address that it hands everything to.
	destination = "TS_DEST_IP"
)

// isIngress tells whether a Service with an address in the cluster gets a device that leads to it; a ProxyGroup's is another
// reconciler's.
func isIngress(service *corev1.Service) bool {
	class := service.Spec.LoadBalancerClass
	balanced := service.Spec.Type == corev1.ServiceTypeLoadBalancer && class != nil && *class == "tailscale"
	return service.Annotations[annotationGroup] == "" && service.Spec.ClusterIP != "" &&
		(balanced || service.Annotations["tailscale.com/expose"] == "true")
}

// proxiedService is what the operator makes the proxy of a Service of.
func proxiedService(service *corev1.Service) proxied {
	hostname := service.Annotations[annotationHostname]
	if hostname == "" {
		hostname = service.Namespace + "-" + service.Name
	}
	of := proxied{
		name: service.Name, uid: service.UID, labels: children(service.Name, service.Namespace, "svc"), replicas: 1,
		hostname: func(int32) string { return hostname }, leadsTo: service.Spec.ClusterIP, kind: "ingress_service",
	}
	if tags := service.Annotations[annotationTags]; tags != "" {
		of.tags = strings.Split(tags, ",")
	}
	return of
}

// reconcileIngress makes a pass over every Service that is shown to the tailnet, or was.
func (o *operator) reconcileIngress(ctx context.Context) error {
	return o.eachService(ctx, func(service *corev1.Service) bool {
		return !isGroupsEgress(service) && (isIngress(service) || slices.Contains(service.Finalizers, finalizer))
	}, o.reconcileIngressService)
}

func (o *operator) reconcileIngressService(ctx context.Context, service *corev1.Service) error {
	if service.DeletionTimestamp != nil || !isIngress(service) {
		return o.removeIngress(ctx, service)
	}
	before := service.Status.DeepCopy()
	condition, err := o.provideIngress(ctx, service)
	meta.SetStatusCondition(&service.Status.Conditions, condition)
	if reflect.DeepEqual(before, &service.Status) {
		return err
	}
	_, put := o.client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, service, metav1.UpdateOptions{})
	return errors.Join(err, put)
}

// provideIngress makes the Service's proxy, sets its addresses, and says how it is.
func (o *operator) provideIngress(ctx context.Context, service *corev1.Service) (metav1.Condition, error) {
	say := func(status metav1.ConditionStatus, reason, message string) metav1.Condition {
		return metav1.Condition{Type: proxyReady, Status: status, Reason: reason, Message: message}
	}
	failed := func(err error) (metav1.Condition, error) {
		return say(metav1.ConditionFalse, proxyFailed, err.Error()), err
	}
	of := proxiedService(service)
	if wrong := ingressViolations(service, of); len(wrong) > 0 {
		message := "unable to provision proxy resources: invalid Service: " + strings.Join(wrong, ", ")
		o.recorder.Event(service, corev1.EventTypeWarning, "INVALIDSERVICE", message)
		return say(metav1.ConditionFalse, proxyInvalid, message), nil
	}
	name := o.classOf(service)
	class, ready, err := o.class(ctx, name)
	if err != nil {
		return failed(fmt.Errorf("error verifying ProxyClass for Service: error getting ProxyClass %s: %w", name, err))
	}
	if !ready {
		return say(metav1.ConditionFalse, proxyPending, fmt.Sprintf("ProxyClass %s specified for the Service, but is not (yet) Ready, waiting..", name)), nil
	}
	if err := o.holdService(ctx, service); err != nil {
		return failed(err)
	}
	if err := o.ensureProxies(ctx, of, class); err != nil {
		return failed(fmt.Errorf("failed to provision: %w", err))
	}
	devices, err := o.devices(ctx, of)
	if err != nil {
		return failed(fmt.Errorf("failed to get device ID: %w", err))
	}
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer {
		return say(metav1.ConditionTrue, proxyCreated, proxyCreated), nil
	}
	service.Status.LoadBalancer.Ingress = nil
	if len(devices) == 0 {
		return say(metav1.ConditionFalse, proxyPending, "no Tailscale hostname known yet, waiting for proxy pod to finish auth"), nil
	}
	service.Status.LoadBalancer.Ingress = addressesFor(service, devices[0])
	return say(metav1.ConditionTrue, proxyCreated, proxyCreated), nil
}

// classOf is the class that a Service names, else the operator's for all.
func (o *operator) classOf(service *corev1.Service) string {
	for _, named := range []map[string]string{service.Labels, service.Annotations} {
		if name := named[labelClass]; name != "" {
			return name
		}
	}
	return o.settings.defaultClass
}

// addressesFor are the device's name, and its addresses of the family that the Service has.
func addressesFor(service *corev1.Service, device connectorDevice) []corev1.LoadBalancerIngress {
	own, _ := netip.ParseAddr(service.Spec.ClusterIP) // The API server has given it.
	addresses := []corev1.LoadBalancerIngress{{Hostname: device.Hostname}}
	for _, text := range device.TailnetIPs {
		if address, err := netip.ParseAddr(text); err == nil && address.Is4() == own.Is4() {
			addresses = append(addresses, corev1.LoadBalancerIngress{IP: text})
		}
	}
	return addresses
}

func ingressViolations(service *corev1.Service, of proxied) (wrong []string) {
	if service.Spec.ClusterIP == corev1.ClusterIPNone {
		wrong = append(wrong, "headless Services are not supported.")
	}
	hostname := of.hostname(0)
	if problems := validation.IsDNS1123Label(hostname); len(problems) > 0 {
		wrong = append(wrong, fmt.Sprintf("invalid Tailscale hostname %q: %s", hostname, strings.Join(problems, "; ")))
	}
	for _, tag := range of.tags {
		if !strings.HasPrefix(tag, "tag:") {
			wrong = append(wrong, fmt.Sprintf("tag %q: tags must start with 'tag:'", tag))
		}
	}
	return wrong
}

// removeIngress takes back what the Service had, and lets it go once the proxy's pod has ended.
func (o *operator) removeIngress(ctx context.Context, service *corev1.Service) error {
	if !slices.Contains(service.Finalizers, finalizer) {
		return nil
	}
	done, err := o.cleanUp(ctx, proxiedService(service))
	if err != nil {
		return fmt.Errorf("failed to cleanup: %w", err)
	}
	if !done {
		return nil
	}
	return o.letServiceGo(ctx, service)
}
