package cilium

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"homelab/lab/cluster/serviceproxy"
)

// localRedirectPolicy is a CiliumLocalRedirectPolicy. One that has changed cannot be: the API server refuses it.
type localRedirectPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		RedirectFrontend struct {
			AddressMatcher *struct{} `json:"addressMatcher"`
			ServiceMatcher *struct {
				ServiceName string             `json:"serviceName"`
				Namespace   string             `json:"namespace"`
				ToPorts     []redirectPortSpec `json:"toPorts"`
			} `json:"serviceMatcher"`
		} `json:"redirectFrontend"`
		RedirectBackend struct {
			LocalEndpointSelector metav1.LabelSelector `json:"localEndpointSelector"`
			ToPorts               []redirectPortSpec   `json:"toPorts"`
		} `json:"redirectBackend"`
		SkipRedirectFromBackend bool `json:"skipRedirectFromBackend"`
	} `json:"spec"`
}

type redirectPortSpec struct {
	Port     string          `json:"port"`
	Protocol corev1.Protocol `json:"protocol"`
	Name     string          `json:"name"`
}

// redirect sends what is for Services of local redirect policies to pods of this node.
func (a *agent) redirect(plan serviceproxy.Plan) error {
	policies, err := list[localRedirectPolicy](a.cluster, localRedirects)
	if err != nil {
		return err
	}
	pods, err := a.core.Core().V1().Pods().Lister().List(labels.Everything())
	if err != nil {
		return err
	}
	pods = slices.DeleteFunc(pods, func(pod *corev1.Pod) bool { return pod.Spec.NodeName != a.container.Node })
	var redirects []serviceproxy.Redirect
	var problems []error
	for _, policy := range policies {
		one, err := policy.redirect()
		if err != nil {
			problems = append(problems, fmt.Errorf("CiliumLocalRedirectPolicy %s/%s: %w", policy.Namespace, policy.Name, err))
			continue
		}
		redirects = append(redirects, one)
	}
	plan.Redirect(redirects, pods)
	return errors.Join(problems...)
}

// redirect reads a policy as Cilium does (getSanitizedLocalRedirectPolicy in pkg/loadbalancer/redirectpolicy).
func (p localRedirectPolicy) redirect() (serviceproxy.Redirect, error) {
	service := p.Spec.RedirectFrontend.ServiceMatcher
	switch {
	case service == nil || p.Spec.RedirectFrontend.AddressMatcher != nil:
		return serviceproxy.Redirect{}, errors.New("the lab's Cilium has service matchers alone")
	case p.Spec.SkipRedirectFromBackend:
		return serviceproxy.Redirect{}, errors.New("the lab's Cilium has no skipRedirectFromBackend")
	case service.Namespace != p.Namespace:
		return serviceproxy.Redirect{}, errors.New("kubernetes service namespace does not match with the CiliumLocalRedirectPolicy namespace")
	}
	selector, err := metav1.LabelSelectorAsSelector(&p.Spec.RedirectBackend.LocalEndpointSelector)
	if err != nil {
		return serviceproxy.Redirect{}, err
	}
	named := len(service.ToPorts) > 1
	frontend, err := redirectPorts(service.ToPorts, named)
	if err != nil {
		return serviceproxy.Redirect{}, fmt.Errorf("invalid service matcher port: %w", err)
	}
	backend, err := redirectPorts(p.Spec.RedirectBackend.ToPorts, named || len(p.Spec.RedirectBackend.ToPorts) > 1)
	if err != nil {
		return serviceproxy.Redirect{}, fmt.Errorf("invalid backend port: %w", err)
	}
	if len(frontend) == 1 && (len(backend) == 0 || backend[0].Protocol != frontend[0].Protocol) {
		return serviceproxy.Redirect{}, errors.New("backend protocol must match with frontend protocol")
	}
	return serviceproxy.Redirect{
		Namespace: p.Namespace, Service: service.ServiceName, Frontend: frontend, Pods: selector, Backend: backend,
	}, nil
}

func redirectPorts(specs []redirectPortSpec, named bool) ([]serviceproxy.RedirectPort, error) {
	var ports []serviceproxy.RedirectPort
	for _, spec := range specs {
		port, err := strconv.ParseUint(spec.Port, 0, 16)
		if err != nil {
			return nil, fmt.Errorf("unable to parse port: %w", err)
		}
		if named && spec.Name == "" {
			return nil, fmt.Errorf("port %s in the local redirect policy spec must have a valid IANA_SVC_NAME, as there are multiple ports", spec.Port)
		}
		ports = append(ports, serviceproxy.RedirectPort{Name: spec.Name, Port: uint16(port), Protocol: spec.Protocol})
	}
	return ports, nil
}
