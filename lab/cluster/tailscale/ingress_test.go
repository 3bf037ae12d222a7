package tailscale

import (
	"context"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// shown is a Service as Envoy Gateway makes it for the gateway of the tailnet.
func shown() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{
			Name: "envoy-internal", Namespace: "envoy-gateway", UID: "uid-envoy",
			Annotations: map[string]string{annotationHostname: "home-gateway"},
		},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeLoadBalancer, LoadBalancerClass: new("tailscale"), ClusterIP: "10.43.0.9",
			Ports: []corev1.ServicePort{{Name: "https", Port: 443}},
		},
	}
}

// show makes a Service, and gives how it is after a pass.
func (w *world) show(service *corev1.Service) *corev1.Service {
	w.t.Helper()
	ctx := context.Background()
	if _, err := w.client.CoreV1().Services(service.Namespace).Create(ctx, service, metav1.CreateOptions{}); err != nil {
		w.t.Fatal(err)
	}
	return w.shown(service)
}

// shown gives a Service after a pass.
func (w *world) shown(service *corev1.Service) *corev1.Service {
	w.t.Helper()
	ctx := context.Background()
	if err := w.pass(ctx); err != nil {
		w.t.Fatal(err)
	}
	found, err := w.client.CoreV1().Services(service.Namespace).Get(ctx, service.Name, metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

func reasonOf(service *corev1.Service) string {
	condition := meta.FindStatusCondition(service.Status.Conditions, proxyReady)
	if condition == nil {
		return ""
	}
	return condition.Reason
}

func TestAServiceBecomesADeviceWhoseAddressesItHasAndLeavesNothing(t *testing.T) {
	w := newWorld(t)
	service := w.show(shown())
	if reasonOf(service) != proxyPending || len(service.Status.LoadBalancer.Ingress) != 0 {
		t.Fatalf("before the proxy runs: %+v", service.Status)
	}
	set, err := w.client.AppsV1().StatefulSets(namespace).Get(t.Context(), "ts-envoy-internal-x7k2p", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	template := set.Spec.Template
	if !slices.Contains(template.Spec.Containers[0].Env, corev1.EnvVar{Name: destination, Value: "10.43.0.9"}) ||
		template.Labels[labelParent] != "envoy-internal" || template.Labels[labelParentNamespace] != "envoy-gateway" || template.Labels[labelParentType] != "svc" {
		t.Errorf("template: %+v", template)
	}
	running := w.runProxy("ts-envoy-internal-x7k2p-0")
	service = w.shown(service)
	device := w.tailnet.Devices()[0]
	var addresses []string
	for _, one := range service.Status.LoadBalancer.Ingress {
		addresses = append(addresses, one.Hostname+one.IP)
	}
	// An address of the other family would lead to a Service that has none.
	if want := []string{"home-gateway.example.ts.net", device.Addresses[0]}; !slices.Equal(addresses, want) || reasonOf(service) != proxyCreated {
		t.Errorf("addresses %q, want %q; %+v", addresses, want, service.Status.Conditions)
	}
	if err := running.stop(); err != nil {
		t.Fatal(err)
	}
	w.withdraw(service)
	if service = w.shown(service); len(w.tailnet.Devices()) != 0 || len(w.secrets()) != 0 || len(service.Finalizers) != 0 {
		t.Errorf("left: devices %v, secrets %d, finalizers %v", w.tailnet.Devices(), len(w.secrets()), service.Finalizers)
	}
}

// withdraw takes from a Service what showed it, and makes the pass that begins to clean up.
func (w *world) withdraw(service *corev1.Service) {
	w.t.Helper()
	service.Spec.LoadBalancerClass = nil
	if _, err := w.client.CoreV1().Services(service.Namespace).Update(context.Background(), service, metav1.UpdateOptions{}); err != nil {
		w.t.Fatal(err)
	}
	w.shown(service)
}

func TestAServiceSaysWhyItHasNoDevice(t *testing.T) {
	for _, one := range []struct {
		name, reason, message string
		change                func(*corev1.Service)
	}{
		{"a name with a dot", proxyInvalid, `invalid Tailscale hostname "home.gateway"`, func(s *corev1.Service) { s.Annotations[annotationHostname] = "home.gateway" }},
		{"a tag that is none", proxyInvalid, `tag "web"`, func(s *corev1.Service) { s.Annotations[annotationTags] = "web" }},
		{"no address in the cluster", proxyInvalid, "headless Services are not supported", func(s *corev1.Service) { s.Spec.ClusterIP = corev1.ClusterIPNone }},
	} {
		t.Run(one.name, func(t *testing.T) {
			w := newWorld(t)
			service := shown()
			one.change(service)
			service = w.show(service)
			condition := meta.FindStatusCondition(service.Status.Conditions, proxyReady)
			if condition == nil || condition.Reason != one.reason || !strings.Contains(condition.Message, one.message) {
				t.Errorf("condition: %+v", condition)
			}
		})
	}
}
