package serviceproxy

import (
	"fmt"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// dns is a Service of DNS whose ports have these names, with one endpoint.
func dns(ip, udp, tcp string) (*corev1.Service, *discoveryv1.EndpointSlice) {
	port, yes, udpProtocol, tcpProtocol := int32(53), true, corev1.ProtocolUDP, corev1.ProtocolTCP
	return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "dns"},
			Spec: corev1.ServiceSpec{ClusterIPs: []string{ip}, Ports: []corev1.ServicePort{
				{Name: udp, Port: 53, Protocol: udpProtocol}, {Name: tcp, Port: 53, Protocol: tcpProtocol},
			}},
		}, &discoveryv1.EndpointSlice{
			ObjectMeta:  metav1.ObjectMeta{Namespace: "kube-system", Labels: map[string]string{discoveryv1.LabelServiceName: "dns"}},
			AddressType: discoveryv1.AddressTypeIPv4,
			Ports:       []discoveryv1.EndpointPort{{Name: &udp, Port: &port, Protocol: &udpProtocol}, {Name: &tcp, Port: &port, Protocol: &tcpProtocol}},
			Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"10.42.9.9"}, Conditions: discoveryv1.EndpointConditions{Ready: &yes}}},
		}
}

func cachePod(isReady bool, udp, tcp string) *corev1.Pod {
	status := corev1.ConditionFalse
	if isReady {
		status = corev1.ConditionTrue
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Labels: map[string]string{"app": "cache"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{
			{Name: udp, ContainerPort: 53, Protocol: corev1.ProtocolUDP}, {Name: tcp, ContainerPort: 53, Protocol: corev1.ProtocolTCP},
			{Name: "metrics", ContainerPort: 9253},
		}}}},
		Status: corev1.PodStatus{PodIP: "10.42.1.5", Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}},
	}
}

func policy(udp, tcp string, frontend bool) Redirect {
	ports := []RedirectPort{{udp, 53, corev1.ProtocolUDP}, {tcp, 53, corev1.ProtocolTCP}}
	redirect := Redirect{
		Namespace: "kube-system", Service: "dns", Backend: ports, Pods: labels.SelectorFromSet(labels.Set{"app": "cache"}),
	}
	if frontend {
		redirect.Frontend = ports
	}
	return redirect
}

func TestARedirectNeedsOneNameInServicePolicyAndPod(t *testing.T) {
	const service, local = "[10.42.9.9:53]", "[10.42.1.5:53]"
	for name, c := range map[string]struct {
		policy Redirect
		pod    *corev1.Pod
		want   string
	}{
		"the same names":              {policy("udp-53", "tcp-53", true), cachePod(true, "udp-53", "tcp-53"), local},
		"the same names, no frontend": {policy("udp-53", "tcp-53", false), cachePod(true, "udp-53", "tcp-53"), local},
		"other names in the policy":   {policy("dns", "dns-tcp", true), cachePod(true, "udp-53", "tcp-53"), service},
		"other names in the pod":      {policy("udp-53", "tcp-53", true), cachePod(true, "dns", "dns-tcp"), service},
		"other names than its own":    {policy("dns", "dns-tcp", true), cachePod(true, "dns", "dns-tcp"), service},
		"no ready pod":                {policy("udp-53", "tcp-53", true), cachePod(false, "udp-53", "tcp-53"), service},
	} {
		s, endpoints := dns("10.43.0.10", "udp-53", "tcp-53")
		plan := NewPlan("node", []*corev1.Service{s}, []*discoveryv1.EndpointSlice{endpoints}, nil)
		plan.Redirect([]Redirect{c.policy}, []*corev1.Pod{c.pod})
		for _, protocol := range []corev1.Protocol{corev1.ProtocolUDP, corev1.ProtocolTCP} {
			frontend := Frontend{Address: netip.MustParseAddrPort("10.43.0.10:53"), Protocol: protocol}
			if got := fmt.Sprint(plan.Frontends[frontend].Backends); got != c.want {
				t.Errorf("%s, %s: got %s, want %s", name, protocol, got, c.want)
			}
		}
	}
}

func TestARedirectLeavesOtherServicesAndAddressesAlone(t *testing.T) {
	s, endpoints := dns("10.43.0.10", "udp-53", "tcp-53")
	s.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "10.96.0.9"}}
	plan := NewPlan("node", []*corev1.Service{s}, []*discoveryv1.EndpointSlice{endpoints}, nil)
	other := policy("udp-53", "tcp-53", true)
	other.Service = "another"
	plan.Redirect([]Redirect{other, policy("udp-53", "tcp-53", true)}, []*corev1.Pod{cachePod(true, "udp-53", "tcp-53")})
	balanced := Frontend{Address: netip.MustParseAddrPort("10.96.0.9:53"), Protocol: corev1.ProtocolUDP}
	if got := fmt.Sprint(plan.Frontends[balanced].Backends); got != "[10.42.9.9:53]" {
		t.Errorf("the load balancer's address is redirected: %s", got)
	}
}
