package cilium

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"homelab/lab/cluster/arp"
)

// leasePrefix begins the names of services' leases (pkg/l2announcer/l2announcer.go).
const leasePrefix = "cilium-l2announce"

// announcement is what a node offers to answer ARP for: a service's addresses on some of its links.
type announcement struct {
	namespace, name string
	// addresses and links are sorted; together with the service they are the announcement's identity.
	addresses, links string
}

func (a announcement) lease() string {
	return fmt.Sprintf("%s-%s-%s", leasePrefix, a.namespace, a.name)
}

// announcements returns what the node takes part in, by service: those of the policies that select the node, each with
// the kinds of addresses that it names. A service of another load-balancer class is left to that one.
func announcements(policies []l2Policy, services []*corev1.Service, nodeLabels map[string]string, links []string) (map[string]announcement, error) {
	found := map[string]announcement{}
	for _, policy := range policies {
		node, err := selectorOf(policy.Spec.NodeSelector)
		if err != nil {
			return nil, fmt.Errorf("CiliumL2AnnouncementPolicy %s: nodeSelector: %w", policy.Name, err)
		}
		wanted, err := selectorOf(policy.Spec.ServiceSelector)
		if err != nil {
			return nil, fmt.Errorf("CiliumL2AnnouncementPolicy %s: serviceSelector: %w", policy.Name, err)
		}
		on, err := matching(links, policy.Spec.Interfaces)
		if err != nil {
			return nil, fmt.Errorf("CiliumL2AnnouncementPolicy %s: interfaces: %w", policy.Name, err)
		}
		if !node.Matches(labels.Set(nodeLabels)) {
			continue
		}
		for _, service := range services {
			class := service.Spec.LoadBalancerClass
			if class != nil && *class != l2LoadBalancerClass || !wanted.Matches(labels.Set(serviceLabels(service))) {
				continue
			}
			key := service.Namespace + "/" + service.Name
			one := found[key]
			one.namespace, one.name = service.Namespace, service.Name
			one.addresses = joined(one.addresses, policy.addresses(service))
			one.links = joined(one.links, on)
			if one.addresses != "" {
				found[key] = one
			}
		}
	}
	return found, nil
}

// selectorOf is a policy's selector; without one everything is selected.
func selectorOf(selector *metav1.LabelSelector) (labels.Selector, error) {
	if selector == nil {
		return labels.Everything(), nil
	}
	return metav1.LabelSelectorAsSelector(selector)
}

// matching returns the links that one of the expressions finds; without expressions all of them.
func matching(links, expressions []string) ([]string, error) {
	if len(expressions) == 0 {
		return links, nil
	}
	var found []string
	for _, text := range expressions {
		expression, err := regexp.Compile(text)
		if err != nil {
			return nil, err
		}
		for _, link := range links {
			if expression.MatchString(link) {
				found = append(found, link)
			}
		}
	}
	return found, nil
}

func joined(before string, more []string) string {
	all := append(strings.Fields(before), more...)
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}

// addresses are the service's IPv4 addresses of the kinds that the policy announces.
func (p l2Policy) addresses(service *corev1.Service) (texts []string) {
	if p.Spec.LoadBalancerIPs {
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			texts = append(texts, ingress.IP)
		}
	}
	if p.Spec.ExternalIPs {
		texts = append(texts, service.Spec.ExternalIPs...)
	}
	return slices.DeleteFunc(texts, func(text string) bool {
		address, err := netip.ParseAddr(text)
		return err != nil || !address.Is4()
	})
}

// announcer takes part in the elections of all services that the node may answer for.
type announcer struct {
	client    kubernetes.Interface
	namespace string
	node      string
	settings  settings
	log       interface {
		Info(string, ...any)
		Warn(string, ...any)
	}
	hold       func(ctx context.Context, link string, address netip.Addr) error
	candidates map[announcement]*candidate
}

// candidate is a node's part in one election.
type candidate struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// apply makes the elections those of wanted. What has changed gives its lease up and takes part anew.
func (a *announcer) apply(ctx context.Context, wanted map[string]announcement) {
	keep := slices.Collect(maps.Values(wanted))
	for one, running := range a.candidates {
		if !slices.Contains(keep, one) {
			running.cancel()
			running.done.Wait()
			delete(a.candidates, one)
		}
	}
	for _, one := range keep {
		if a.candidates[one] != nil {
			continue
		}
		election, cancel := context.WithCancel(ctx)
		started := &candidate{cancel: cancel}
		a.candidates[one] = started
		started.done.Go(func() {
			for election.Err() == nil {
				a.takePart(election, one)
			}
		})
	}
}

// takePart runs one election until it is lost or ends; while the node leads it holds the addresses.
func (a *announcer) takePart(ctx context.Context, one announcement) {
	var holding sync.WaitGroup
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Name: one.lease(),
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: a.namespace, Name: one.lease()},
			Client:     a.client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: a.node},
		},
		ReleaseOnCancel: true,
		LeaseDuration:   a.settings.l2Lease, RenewDeadline: a.settings.l2Renew, RetryPeriod: a.settings.l2Retry,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(leading context.Context) {
				for _, link := range strings.Fields(one.links) {
					for _, text := range strings.Fields(one.addresses) {
						address := netip.MustParseAddr(text)
						holding.Go(func() {
							if err := a.hold(leading, link, address); err != nil {
								a.log.Warn("cannot answer for a service's address", "address", address, "link", link, "error", err)
							}
						})
					}
				}
			},
			OnStoppedLeading: func() {},
		},
	})
	holding.Wait()
}

// close gives every lease up.
func (a *announcer) close() { a.apply(context.Background(), nil) }

// l2Label marks addresses that are announced on a link, for those that a killed run has left.
func l2Label(link string) string { return link + ":l2" }

// holdOnLink answers ARP for the address on the link until ctx ends. Cilium does it in eBPF, with no address on any
// device (bpf/bpf_host.c, handle_l2_announcement); here the kernel answers for what it has.
func holdOnLink(ctx context.Context, name string, ip netip.Addr, a *agent) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	return arp.Address{Link: link, IP: ip, Label: l2Label(name), Log: a.container.Logger}.Hold(ctx)
}

// sweepL2 takes away what an earlier run has left on the machine's links.
func sweepL2() error {
	list, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("addresses of the machine: %w", err)
	}
	for _, found := range list {
		link, err := netlink.LinkByIndex(found.LinkIndex)
		if err != nil || found.Label != l2Label(link.Attrs().Name) {
			continue
		}
		if err := netlink.AddrDel(link, &found); err != nil {
			return fmt.Errorf("cannot take %s off %s: %w", found.IPNet, link.Attrs().Name, err)
		}
	}
	return nil
}

// l2Links are the links that announcements may use: those of `devices`, or all but the loopback device.
func (s settings) l2Links() ([]string, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, link := range links {
		name := link.Attrs().Name
		if name != "lo" && (len(s.devices) == 0 || slices.Contains(s.devices, name)) {
			names = append(names, name)
		}
	}
	return names, nil
}

// announceOnLinks takes part in the elections of services that the policies select for this node.
func (a *agent) announceOnLinks(ctx context.Context, nodeLabels map[string]string) error {
	wanted, err := a.l2Announcements(nodeLabels)
	if err != nil {
		return err
	}
	a.announcer.apply(ctx, wanted)
	return nil
}

func (a *agent) l2Announcements(nodeLabels map[string]string) (map[string]announcement, error) {
	policies, err := list[l2Policy](a.cluster, l2Policies)
	if err != nil {
		return nil, err
	}
	services, err := a.core.Core().V1().Services().Lister().List(labels.Everything())
	if err != nil {
		return nil, err
	}
	links, err := a.settings.l2Links()
	if err != nil {
		return nil, err
	}
	return announcements(policies, services, nodeLabels, links)
}
