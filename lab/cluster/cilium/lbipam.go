package cilium

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Names of LB-IPAM (https://docs.cilium.io/en/v1.19/network/lb-ipam/).
const (
	ipsAnnotation        = "lbipam.cilium.io/ips"
	sharingAnnotation    = "lbipam.cilium.io/sharing-key"
	requestSatisfied     = "cilium.io/IPAMRequestSatisfied"
	bgpLoadBalancerClass = "io.cilium/bgp-control-plane"
	l2LoadBalancerClass  = "io.cilium/l2-announcer"
)

// usablePool is a pool with its parsed addresses and selector.
type usablePool struct {
	loadBalancerPool
	addresses []addressRange
	selector  labels.Selector
}

// ours tells whether LB-IPAM serves the service: a load balancer of no class, or of one of Cilium's.
func ours(service *corev1.Service) bool {
	class := service.Spec.LoadBalancerClass
	return service.Spec.Type == corev1.ServiceTypeLoadBalancer && service.DeletionTimestamp == nil &&
		(class == nil || *class == bgpLoadBalancerClass || *class == l2LoadBalancerClass)
}

// request is one service's wish: specific addresses, or any one.
func request(service *corev1.Service) ([]netip.Addr, error) {
	if service.Annotations[sharingAnnotation] != "" {
		return nil, fmt.Errorf("%s: the lab's LB-IPAM shares no addresses between services", sharingAnnotation)
	}
	text := service.Annotations[ipsAnnotation]
	if text == "" {
		text = service.Spec.LoadBalancerIP //nolint:staticcheck // deprecated, and still honoured by LB-IPAM
	}
	var wanted []netip.Addr
	for _, one := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		address, err := netip.ParseAddr(one)
		if err != nil {
			return nil, fmt.Errorf("requested IP %q is not an address", one)
		}
		wanted = append(wanted, address)
	}
	return wanted, nil
}

// allocation is a service's outcome; reason and message are those of the condition.
type allocation struct {
	addresses       []netip.Addr
	satisfied       bool
	reason, message string
}

// allocate decides one service's addresses. It keeps what the service has as long as that is valid.
func allocate(service *corev1.Service, pools []usablePool, used map[netip.Addr]bool) allocation {
	wanted, err := request(service)
	if err != nil {
		return allocation{reason: "invalid_request", message: err.Error()}
	}
	var fitting []addressRange
	for _, pool := range pools {
		if !pool.Spec.Disabled && pool.selector.Matches(labels.Set(serviceLabels(service))) {
			fitting = append(fitting, pool.addresses...)
		}
	}
	if len(fitting) == 0 {
		return allocation{reason: "no_pool", message: "There are no enabled CiliumLoadBalancerIPPools that match this service"}
	}
	if len(wanted) > 0 {
		return allocateWanted(wanted, fitting, used)
	}
	for _, ingress := range service.Status.LoadBalancer.Ingress {
		address, err := netip.ParseAddr(ingress.IP)
		if err == nil && !used[address] && anyContains(fitting, address) {
			return allocation{addresses: []netip.Addr{address}, satisfied: true, reason: "satisfied"}
		}
	}
	address, ok := lowestFree(fitting, used)
	if !ok {
		return allocation{reason: "out_of_ips", message: "All enabled CiliumLoadBalancerIPPools that match this service ran out of allocatable IPs"}
	}
	return allocation{addresses: []netip.Addr{address}, satisfied: true, reason: "satisfied"}
}

func allocateWanted(wanted []netip.Addr, fitting []addressRange, used map[netip.Addr]bool) allocation {
	result := allocation{satisfied: true, reason: "satisfied"}
	for _, address := range wanted {
		switch {
		case !anyContains(fitting, address):
			result.satisfied, result.reason = false, "no_pool"
			result.message = fmt.Sprintf("No pool exists with a CIDR containing '%s'", address)
		case used[address]:
			result.satisfied, result.reason = false, "already_allocated"
			result.message = fmt.Sprintf("The IP '%s' is already allocated to another service", address)
		default:
			result.addresses = append(result.addresses, address)
		}
	}
	return result
}

// allocateServiceAddresses makes every service's status and every pool's counts as decided.
// Services that have addresses come first, so that a new one takes nothing away.
func (o *operator) allocateServiceAddresses(ctx context.Context) error {
	pools, err := o.usablePools()
	services, failure := o.core.Core().V1().Services().Lister().List(labels.Everything())
	if failure != nil {
		return failure
	}
	slices.SortFunc(services, func(a, b *corev1.Service) int {
		if held := len(b.Status.LoadBalancer.Ingress) - len(a.Status.LoadBalancer.Ingress); held != 0 {
			return held
		}
		if older := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); older != 0 {
			return older
		}
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	used := map[netip.Addr]bool{}
	for _, service := range services {
		if !ours(service) {
			continue
		}
		result := allocate(service, pools, used)
		for _, address := range result.addresses {
			used[address] = true
		}
		err = errors.Join(err, o.writeAllocation(ctx, service, result))
	}
	for _, pool := range pools {
		err = errors.Join(err, o.writeCounts(ctx, pool, used))
	}
	return err
}

func (o *operator) usablePools() ([]usablePool, error) {
	all, err := list[loadBalancerPool](o.cluster, loadBalancerPools)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b loadBalancerPool) int { return strings.Compare(a.Name, b.Name) })
	var pools []usablePool
	for _, pool := range all {
		addresses, failure := pool.ranges()
		if failure != nil {
			err = errors.Join(err, failure)
			continue
		}
		selector := labels.Everything()
		if pool.Spec.ServiceSelector != nil {
			if selector, failure = metav1.LabelSelectorAsSelector(pool.Spec.ServiceSelector); failure != nil {
				err = errors.Join(err, fmt.Errorf("CiliumLoadBalancerIPPool %s: spec.serviceSelector: %w", pool.Name, failure))
				continue
			}
		}
		pools = append(pools, usablePool{loadBalancerPool: pool, addresses: addresses, selector: selector})
	}
	return pools, err
}

func (o *operator) writeAllocation(ctx context.Context, service *corev1.Service, result allocation) error {
	changed := service.DeepCopy()
	changed.Status.LoadBalancer.Ingress = nil
	mode := corev1.LoadBalancerIPModeVIP
	for _, address := range result.addresses {
		changed.Status.LoadBalancer.Ingress = append(changed.Status.LoadBalancer.Ingress,
			corev1.LoadBalancerIngress{IP: address.String(), IPMode: &mode})
	}
	condition := metav1.Condition{Type: requestSatisfied, Status: metav1.ConditionFalse,
		Reason: result.reason, Message: result.message, ObservedGeneration: service.Generation}
	if result.satisfied {
		condition.Status = metav1.ConditionTrue
	}
	meta.SetStatusCondition(&changed.Status.Conditions, condition)
	if equality.Semantic.DeepEqual(service.Status, changed.Status) {
		return nil
	}
	_, err := o.client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	return err
}

// writeCounts writes a pool's conditions: how many addresses there are, are used and are left.
func (o *operator) writeCounts(ctx context.Context, pool usablePool, used map[netip.Addr]bool) error {
	total, taken := new(big.Int), int64(0)
	for _, one := range pool.addresses {
		total.Add(total, one.size())
	}
	for address := range used {
		if anyContains(pool.addresses, address) {
			taken++
		}
	}
	left := new(big.Int).Sub(total, big.NewInt(taken))
	changed := false
	for kind, value := range map[string]string{
		"cilium.io/IPsTotal": total.String(), "cilium.io/IPsAvailable": left.String(), "cilium.io/IPsUsed": fmt.Sprint(taken),
	} {
		changed = meta.SetStatusCondition(&pool.Status.Conditions, metav1.Condition{
			Type: kind, Status: metav1.ConditionUnknown, Reason: "noreason", Message: value, ObservedGeneration: pool.Generation,
		}) || changed
	}
	changed = meta.SetStatusCondition(&pool.Status.Conditions, metav1.Condition{
		Type: "cilium.io/PoolConflict", Status: metav1.ConditionFalse, Reason: "resolved", ObservedGeneration: pool.Generation,
	}) || changed
	if !changed {
		return nil
	}
	return o.writeStatus(ctx, loadBalancerPools, pool.Name, pool.Status)
}
