package kubelet

import (
	"context"
	"net"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestServiceNamesResolveAsInAPod(t *testing.T) {
	names := newServiceNames(fake.NewClientset(
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: "typeo"}, Spec: corev1.ServiceSpec{ClusterIP: "10.43.0.7"}},
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: "headless"}, Spec: corev1.ServiceSpec{ClusterIP: "None"}},
	), "cluster.local")
	names.outside = func(_ context.Context, _, host string) ([]netip.Addr, error) {
		if host == "github.com" {
			return []netip.Addr{netip.MustParseAddr("203.0.113.10")}, nil
		}
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	go names.follow(t.Context())
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "apps"}}
	elsewhere := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "edge"}}
	for host, want := range map[string]string{
		"typeo.apps.svc.cluster.local": "10.43.0.7", "typeo.apps.svc.cluster.local.": "10.43.0.7", "typeo.apps.svc": "10.43.0.7",
		"Typeo.apps": "10.43.0.7", "github.com": "203.0.113.10", "10.1.2.3": "10.1.2.3",
	} {
		if got, err := names.resolve(t.Context(), elsewhere, host); err != nil || got.String() != want {
			t.Errorf("%s: got %s, %v", host, got, err)
		}
	}
	if got, err := names.resolve(t.Context(), pod, "typeo"); err != nil || got.String() != "10.43.0.7" {
		t.Errorf("the pod's own namespace is not searched: %s, %v", got, err)
	}
	onHost := &corev1.Pod{Spec: corev1.PodSpec{HostNetwork: true}}
	for host, asking := range map[string]*corev1.Pod{
		"typeo": elsewhere, "none.apps.svc": pod, "none.apps.svc.cluster.local": pod, "x.cluster.local": pod,
		"headless.apps.svc": pod, "typeo.apps.svc": onHost,
	} {
		if got, err := names.resolve(t.Context(), asking, host); err == nil {
			t.Errorf("%s gave %s", host, got)
		}
	}
}
