package cilium

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
)

// advertInput is all that decides what a node announces to one peer.
type advertInput struct {
	node       string
	podCIDRs   []netip.Prefix
	services   []*corev1.Service
	endpoints  []*discoveryv1.EndpointSlice
	advertises []bgpAdvertisement
}

// attributes are the optional path attributes of a route.
type attributes struct {
	communities     []uint32
	large           []string
	localPreference *int64
}

// routes returns the prefixes that the families of a peer config announce. What the lab cannot
// announce is an error that names it; the other routes are returned all the same.
func routes(in advertInput, families []bgpFamily) (map[netip.Prefix]attributes, []error) {
	announced := map[netip.Prefix]attributes{}
	var refused []error
	for _, family := range families {
		if family.AFI != "ipv4" || family.SAFI != "unicast" {
			refused = append(refused, fmt.Errorf("families: the lab only has ipv4/unicast, not %s/%s", family.AFI, family.SAFI))
			continue
		}
		if family.Advertisements == nil {
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(family.Advertisements)
		if err != nil {
			refused = append(refused, fmt.Errorf("families: advertisements: %w", err))
			continue
		}
		for _, resource := range in.advertises {
			if !selector.Matches(labels.Set(resource.Labels)) {
				continue
			}
			for i, one := range resource.Spec.Advertisements {
				if err := in.add(announced, one); err != nil {
					refused = append(refused, fmt.Errorf("CiliumBGPAdvertisement %s: advertisements[%d]: %w", resource.Name, i, err))
				}
			}
		}
	}
	return announced, refused
}

func (in advertInput) add(announced map[netip.Prefix]attributes, one advertisement) error {
	extra, err := one.attributes()
	if err != nil {
		return err
	}
	switch one.AdvertisementType {
	case "PodCIDR":
		for _, cidr := range in.podCIDRs {
			announced[cidr] = extra
		}
		return nil
	case "Service":
		return in.addServices(announced, one, extra)
	}
	return fmt.Errorf("advertisementType %s is not supported by the lab; use PodCIDR or Service", one.AdvertisementType)
}

// addServices adds the selected services' addresses. Without a selector none is selected.
func (in advertInput) addServices(announced map[netip.Prefix]attributes, one advertisement, extra attributes) error {
	if one.Selector == nil || one.Service == nil {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(one.Selector)
	if err != nil {
		return fmt.Errorf("selector: %w", err)
	}
	bits := 32
	if one.Service.AggregationLengthIPv4 != nil {
		bits = *one.Service.AggregationLengthIPv4
	}
	for _, service := range in.services {
		if service.DeletionTimestamp != nil || !selector.Matches(labels.Set(serviceLabels(service))) {
			continue
		}
		for _, kind := range one.Service.Addresses {
			for _, address := range in.addresses(service, kind) {
				prefix := netip.PrefixFrom(address, bits)
				if in.local(service, kind) {
					prefix = netip.PrefixFrom(address, 32)
				}
				announced[prefix.Masked()] = extra
			}
		}
	}
	return nil
}

// local tells whether the service's policy keeps this kind of traffic on nodes with an endpoint;
// such addresses are never aggregated.
func (in advertInput) local(service *corev1.Service, kind string) bool {
	if kind == "ClusterIP" {
		policy := service.Spec.InternalTrafficPolicy
		return policy != nil && *policy == corev1.ServiceInternalTrafficPolicyLocal
	}
	return service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
}

// addresses returns a service's IPv4 addresses of one kind that this node may announce.
func (in advertInput) addresses(service *corev1.Service, kind string) []netip.Addr {
	if in.local(service, kind) && !in.hasEndpoint(service) {
		return nil
	}
	var texts []string
	switch kind {
	case "ClusterIP":
		texts = service.Spec.ClusterIPs
	case "ExternalIP":
		texts = service.Spec.ExternalIPs
	case "LoadBalancerIP":
		class := service.Spec.LoadBalancerClass
		if service.Spec.Type != corev1.ServiceTypeLoadBalancer || class != nil && *class != bgpLoadBalancerClass {
			return nil
		}
		for _, ingress := range service.Status.LoadBalancer.Ingress {
			texts = append(texts, ingress.IP)
		}
	}
	var list []netip.Addr
	for _, text := range texts {
		// A headless service has the word None here.
		if address, err := netip.ParseAddr(text); err == nil && address.Is4() {
			list = append(list, address)
		}
	}
	return list
}

func (in advertInput) hasEndpoint(service *corev1.Service) bool {
	return slices.ContainsFunc(in.endpoints, func(slice *discoveryv1.EndpointSlice) bool {
		return slice.Namespace == service.Namespace && slice.Labels[discoveryv1.LabelServiceName] == service.Name &&
			slices.ContainsFunc(slice.Endpoints, func(e discoveryv1.Endpoint) bool {
				return e.NodeName != nil && *e.NodeName == in.node && (e.Conditions.Ready == nil || *e.Conditions.Ready)
			})
	})
}

func (one advertisement) attributes() (attributes, error) {
	var extra attributes
	if one.Attributes == nil {
		return extra, nil
	}
	extra.localPreference = one.Attributes.LocalPreference
	if one.Attributes.Communities == nil {
		return extra, nil
	}
	for _, text := range one.Attributes.Communities.Standard {
		value, err := community(text)
		if err != nil {
			return extra, err
		}
		extra.communities = append(extra.communities, value)
	}
	for _, name := range one.Attributes.Communities.WellKnown {
		value, ok := bgp.WellKnownCommunityValueMap[name]
		if !ok {
			return extra, fmt.Errorf("attributes.communities.wellKnown: %q is unknown", name)
		}
		extra.communities = append(extra.communities, uint32(value))
	}
	extra.large = one.Attributes.Communities.Large
	return extra, nil
}

// community reads a standard community, one number or two of 16 bits as `64512:100` (RFC 1997).
func community(text string) (uint32, error) {
	high, low, pair := strings.Cut(text, ":")
	if !pair {
		value, err := strconv.ParseUint(text, 10, 32)
		return uint32(value), err
	}
	first, err := strconv.ParseUint(high, 10, 16)
	if err != nil {
		return 0, err
	}
	second, err := strconv.ParseUint(low, 10, 16)
	return uint32(first<<16 | second), err
}
