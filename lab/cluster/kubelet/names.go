package kubelet

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	listersv1 "k8s.io/client-go/listers/core/v1"

	"homelab/lab/cluster/kubelet/podfiles"
)

// serviceNames resolves for pods what the cluster's DNS would, from the Services that the node may
// list (https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/). It has A records
// of Services with a cluster IP; headless and external Services and names of pods are refused.
type serviceNames struct {
	domain  string
	factory informers.SharedInformerFactory
	synced  cache.InformerSynced
	lister  listersv1.ServiceLister
	// outside resolves what is not the cluster's.
	outside func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

func newServiceNames(client kubernetes.Interface, domain string) *serviceNames {
	factory := informers.NewSharedInformerFactory(client, 0)
	services := factory.Core().V1().Services()
	if domain == "" {
		domain = "cluster.local"
	}
	return &serviceNames{
		domain: domain, factory: factory, synced: services.Informer().HasSynced, lister: services.Lister(),
		outside: net.DefaultResolver.LookupNetIP,
	}
}

// follow keeps the Services until ctx ends.
func (s *serviceNames) follow(ctx context.Context) {
	s.factory.Start(ctx.Done())
	<-ctx.Done()
	s.factory.Shutdown()
}

// resolve gives an IPv4 address for a host, as the pod's resolver does with its search list.
func (s *serviceNames) resolve(ctx context.Context, pod *corev1.Pod, host string) (netip.Addr, error) {
	if literal, err := netip.ParseAddr(host); err == nil {
		return literal, nil
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if podfiles.UsesClusterDNS(pod) {
		if !cache.WaitForCacheSync(ctx.Done(), s.synced) {
			return netip.Addr{}, fmt.Errorf("cannot resolve %s: the cluster's services are not known yet: %w", host, context.Cause(ctx))
		}
		address, known, err := s.inCluster(pod.Namespace, host)
		if known || err != nil {
			return address, err
		}
	}
	found, err := s.outside(ctx, "ip4", host)
	if err != nil {
		return netip.Addr{}, err
	}
	return found[0].Unmap(), nil
}

// inCluster answers for names of the cluster's domain; known is false for others.
func (s *serviceNames) inCluster(namespace, host string) (address netip.Addr, known bool, err error) {
	name, full := strings.CutSuffix(host, "."+s.domain)
	labels := strings.Split(name, ".")
	switch {
	case len(labels) == 3 && labels[2] == "svc":
	case full:
		return address, true, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	case len(labels) == 1:
		labels = append(labels, namespace)
	case len(labels) != 2:
		return address, false, nil
	}
	service, err := s.lister.Services(labels[1]).Get(labels[0])
	if apierrors.IsNotFound(err) {
		if short := !strings.HasSuffix(name, ".svc"); short {
			return address, false, nil
		}
		return address, true, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if err != nil {
		return address, true, err
	}
	address, err = netip.ParseAddr(service.Spec.ClusterIP)
	if err != nil || !address.Is4() {
		return address, true, fmt.Errorf("service %s/%s has no IPv4 cluster IP: the lab resolves no headless or external services",
			service.Namespace, service.Name)
	}
	return address, true, nil
}
