package serviceproxy

import (
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Redirect sends what is for a Service to pods of this node (CiliumLocalRedirectPolicy with a service matcher).
type Redirect struct {
	// Namespace is that of the policy, of the Service and of the pods.
	Namespace string
	Service   string
	// Frontend are the ports of the Service that are redirected; all of them if there are none.
	Frontend []RedirectPort
	// Pods selects the pods, and Backend are their ports.
	Pods    labels.Selector
	Backend []RedirectPort
}

// RedirectPort is a port under its name.
type RedirectPort struct {
	Name     string
	Port     uint16
	Protocol corev1.Protocol
}

// Redirect replaces the endpoints of redirected ports by pods of this node. Where no pod is ready, everything stays as
// the Service has it. What is compared, and what silently matches nothing, is as in Cilium's
// pkg/loadbalancer/redirectpolicy/controller.go (shouldRedirectFrontend, updateRedirectBackends): with more than one
// port on both sides the name in the Service, in the policy and in the pod must be the same.
func (p Plan) Redirect(redirects []Redirect, local []*corev1.Pod) {
	for _, redirect := range redirects {
		pods := slices.DeleteFunc(slices.Clone(local), func(pod *corev1.Pod) bool {
			return pod.Namespace != redirect.Namespace || !ready(pod) || !redirect.Pods.Matches(labels.Set(pod.Labels))
		})
		if len(pods) == 0 {
			continue
		}
		for frontend, target := range p.Frontends {
			of := target.Service
			if of.Namespace != redirect.Namespace || of.Name != redirect.Service || !p.ClusterIPs[frontend.Address.Addr()] {
				continue
			}
			if !redirect.matches(frontend, target.Port, pods) {
				continue
			}
			target.Backends = redirect.backends(frontend, target.Port, pods)
			p.Frontends[frontend] = target
			if len(target.Backends) == 0 {
				delete(p.Frontends, frontend)
			}
		}
	}
}

// byName tells whether names are compared; they are not if either side has one port alone.
func (r Redirect) byName() bool {
	if len(r.Frontend) == 0 {
		return len(r.Backend) > 1
	}
	return len(r.Frontend) > 1
}

func (r Redirect) matches(frontend Frontend, name string, pods []*corev1.Pod) bool {
	wanted := len(r.Frontend) == 0 || slices.ContainsFunc(r.Frontend, func(port RedirectPort) bool {
		return port.Port == frontend.Address.Port() && port.Protocol == frontend.Protocol
	})
	if !wanted || len(r.Backend) <= 1 || len(r.Frontend) == 1 {
		return wanted
	}
	named := slices.ContainsFunc(r.Backend, func(port RedirectPort) bool { return strings.ToLower(port.Name) == name })
	return named && slices.ContainsFunc(pods, func(pod *corev1.Pod) bool {
		return slices.ContainsFunc(portsOf(pod), func(port corev1.ContainerPort) bool {
			return port.Name == name && protocolOf(port.Protocol) == frontend.Protocol
		})
	})
}

func (r Redirect) backends(frontend Frontend, name string, pods []*corev1.Pod) []netip.AddrPort {
	choice := r.Backend
	if len(r.Frontend) == 1 {
		choice = choice[:1]
	}
	var found []netip.AddrPort
	for _, pod := range pods {
		address, err := netip.ParseAddr(pod.Status.PodIP)
		if err != nil {
			continue // It has no address yet.
		}
		for _, port := range portsOf(pod) {
			protocol := protocolOf(port.Protocol)
			offered := slices.ContainsFunc(choice, func(one RedirectPort) bool {
				return one.Port == uint16(port.ContainerPort) && one.Protocol == protocol
			})
			if offered && protocol == frontend.Protocol && (!r.byName() || port.Name == name) {
				found = append(found, netip.AddrPortFrom(address, uint16(port.ContainerPort)))
			}
		}
	}
	slices.SortFunc(found, netip.AddrPort.Compare)
	return slices.Compact(found)
}

func portsOf(pod *corev1.Pod) []corev1.ContainerPort {
	var ports []corev1.ContainerPort
	for _, container := range pod.Spec.Containers {
		ports = append(ports, container.Ports...)
	}
	return ports
}

func ready(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	})
}
