package tailscale

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The conditions of a Service that leads to a host of the tailnet through a group (cmd/k8s-operator/egress-services.go,
// egress-services-readiness.go).
const (
	egressValid      = "TailscaleEgressSvcValid"
	egressConfigured = "TailscaleEgressSvcConfigured"
	egressReady      = "TailscaleEgressSvcReady"
)

const (
	annotationGroup = "tailscale.com/proxy-group"
	annotationFQDN  = "tailscale.com/tailnet-fqdn"
	annotationIP    = "tailscale.com/tailnet-ip"
)

// healthPort is the name of the port that the operator adds to each of its Services.
const healthPort = "tailscale-health-check"

// isGroupsEgress tells whether a Service leads to a host of the tailnet through a group.
func isGroupsEgress(service *corev1.Service) bool {
	of := service.Annotations
	return of[annotationGroup] != "" && (of[annotationFQDN] != "" || of[annotationIP] != "")
}

// egressName is what a group's proxies call a Service.
func egressName(service *corev1.Service) string { return service.Namespace + "-" + service.Name }

// egressChildren are the labels of what the operator makes for such a Service.
func egressChildren(service *corev1.Service) map[string]string {
	own := children(service.Name, service.Namespace, "svc")
	own[labelProxyGroup], own[labelServiceType] = service.Annotations[annotationGroup], "egress"
	return own
}

// reconcileEgress makes a pass over every Service that leads to the tailnet through a group of egress.
func (o *operator) reconcileEgress(ctx context.Context) error {
	return o.eachService(ctx, isGroupsEgress, o.reconcileEgressService)
}

// eachService makes a pass over the Services that are meant; one that fails does not hold up the others.
func (o *operator) eachService(ctx context.Context, meant func(*corev1.Service) bool, reconcile func(context.Context, *corev1.Service) error) error {
	found, err := o.client.CoreV1().Services("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var failed []error
	for i := range found.Items {
		service := &found.Items[i]
		if !meant(service) {
			continue
		}
		if err := reconcile(ctx, service); err != nil {
			failed = append(failed, fmt.Errorf("service %s/%s: %w", service.Namespace, service.Name, err))
		}
	}
	return errors.Join(failed...)
}

func (o *operator) reconcileEgressService(ctx context.Context, service *corev1.Service) error {
	services := o.client.CoreV1().Services(service.Namespace)
	if service.DeletionTimestamp != nil {
		return o.removeEgress(ctx, service)
	}
	before := slices.Clone(service.Status.Conditions)
	err := o.provideEgress(ctx, service)
	if reflect.DeepEqual(before, service.Status.Conditions) {
		return err
	}
	_, put := services.UpdateStatus(ctx, service, metav1.UpdateOptions{})
	return errors.Join(err, put)
}

// provideEgress makes what the Service needs, and sets its conditions; they name no generation, as a Service has none.
func (o *operator) provideEgress(ctx context.Context, service *corev1.Service) error {
	say := func(kind string, status metav1.ConditionStatus, reason, message string) {
		meta.SetStatusCondition(&service.Status.Conditions, metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message})
	}
	object, err := o.dynamic.Resource(proxyGroups).Get(ctx, service.Annotations[annotationGroup], metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		say(egressValid, metav1.ConditionUnknown, "ProxyGroupNotReady", "ProxyGroupNotReady")
		return nil
	}
	if err != nil {
		return err
	}
	pg, err := decode[proxyGroup](object)
	if err != nil {
		return err
	}
	if wrong := egressViolations(service, &pg); len(wrong) > 0 {
		say(egressValid, metav1.ConditionFalse, "EgressSvcInvalid", "invalid egress Service: "+strings.Join(wrong, ", "))
		return nil
	}
	say(egressValid, metav1.ConditionTrue, "EgressSvcValid", "EgressSvcValid")
	if err := o.holdService(ctx, service); err != nil {
		return err
	}
	own, err := o.ensureEgressService(ctx, service)
	if err != nil {
		return err
	}
	told, err := o.tellProxies(ctx, service, own)
	if err != nil || !told {
		return err
	}
	endpoints, err := o.ensureEndpoints(ctx, service, own)
	if err != nil {
		return err
	}
	if name := fmt.Sprintf("%s.%s.svc.cluster.local", own.Name, own.Namespace); service.Spec.ExternalName != name {
		service.Spec.ExternalName = name
		if err := o.putService(ctx, service); err != nil {
			return fmt.Errorf("error updating ExternalName Service: %w", err)
		}
	}
	reason := configuredFor(service)
	say(egressConfigured, metav1.ConditionTrue, reason, reason)
	ready, replicas := len(endpoints), pg.replicas()
	message := fmt.Sprintf("%d out of %d replicas are ready to route traffic", ready, replicas)
	available := meta.IsStatusConditionTrue(pg.Status.Conditions, groupAvailable)
	switch {
	case !available:
		say(egressReady, metav1.ConditionFalse, "ClusterResourcesNotReady", "ClusterResourcesNotReady")
	case ready == 0:
		say(egressReady, metav1.ConditionFalse, "NotReadyToRouteTraffic", message)
	case int32(ready) < replicas:
		say(egressReady, metav1.ConditionTrue, "PartiallyReadyToRouteTraffic", message)
	default:
		say(egressReady, metav1.ConditionTrue, "ReadyToRouteTraffic", message)
	}
	return nil
}

// holdService puts the operator's finalizer on a Service that has none.
func (o *operator) holdService(ctx context.Context, service *corev1.Service) error {
	if slices.Contains(service.Finalizers, finalizer) {
		return nil
	}
	service.Finalizers = append(service.Finalizers, finalizer)
	if err := o.putService(ctx, service); err != nil {
		return fmt.Errorf("failed to add finalizer: %w", err)
	}
	return nil
}

// letServiceGo takes the finalizer off.
func (o *operator) letServiceGo(ctx context.Context, service *corev1.Service) error {
	service.Finalizers = slices.DeleteFunc(service.Finalizers, func(one string) bool { return one == finalizer })
	return o.putService(ctx, service)
}

// putService writes a Service and keeps the status that was not written yet.
func (o *operator) putService(ctx context.Context, service *corev1.Service) error {
	status := service.Status.DeepCopy()
	written, err := o.client.CoreV1().Services(service.Namespace).Update(ctx, service, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	*service = *written
	service.Status = *status
	return nil
}

// magicDNS is the form of a whole name in a tailnet (cmd/k8s-operator/operator.go: isMagicDNSName).
var magicDNS = regexp.MustCompile(`^[a-zA-Z0-9-]+\.[a-zA-Z0-9-]+\.ts\.net\.?$`)

func egressViolations(service *corev1.Service, pg *proxyGroup) (wrong []string) {
	fqdn, ip := service.Annotations[annotationFQDN], service.Annotations[annotationIP]
	if fqdn != "" && ip != "" {
		wrong = append(wrong, fmt.Sprintf("only one of annotations %s and %s can be set", annotationIP, annotationFQDN))
	}
	if fqdn != "" && !magicDNS.MatchString(fqdn) {
		wrong = append(wrong, fmt.Sprintf("invalid value of annotation %s: %q does not appear to be a valid MagicDNS name", annotationFQDN, fqdn))
	}
	if _, err := netip.ParseAddr(ip); ip != "" && err != nil {
		wrong = append(wrong, fmt.Sprintf("invalid value of annotation %s: %q could not be parsed as a valid IP Address, error: %s", annotationIP, ip, err))
	}
	if len(service.Spec.Ports) == 0 {
		wrong = append(wrong, "egress Service for ProxyGroup must have at least one target Port specified")
	}
	if service.Spec.Type != corev1.ServiceTypeExternalName {
		wrong = append(wrong, fmt.Sprintf("unexpected egress Service type %s. The only supported type is ExternalName.", service.Spec.Type))
	}
	if pg.Spec.Type != "egress" {
		wrong = append(wrong, fmt.Sprintf("egress Service references ProxyGroup of type %s, must be type egress", pg.Spec.Type))
	}
	return wrong
}

// configuredFor is the reason of a Service that proxies were told of: it changes with what they are told.
func configuredFor(service *corev1.Service) string {
	text, _ := json.Marshal(struct { // Marshals without fail: texts and numbers.
		Ports         []corev1.ServicePort `json:"ports"`
		TailnetTarget tailnetTarget        `json:"tailnetTarget"`
		ProxyGroup    string               `json:"proxyGroup"`
	}{service.Spec.Ports, targetOf(service), service.Annotations[annotationGroup]})
	return fmt.Sprintf("ConfiguredFor:ProxyGroup:%s:Config:%x", service.Annotations[annotationGroup], sha256.Sum256(text))
}

func targetOf(service *corev1.Service) tailnetTarget {
	if fqdn := service.Annotations[annotationFQDN]; fqdn != "" {
		return tailnetTarget{FQDN: fqdn}
	}
	return tailnetTarget{IP: service.Annotations[annotationIP]}
}

func (o *operator) egressSelector(service *corev1.Service) metav1.ListOptions {
	return metav1.ListOptions{LabelSelector: labels.SelectorFromSet(egressChildren(service)).String()}
}

// ensureEgressService makes the Service without selector that stands for the host in the cluster. Each of its ports leads to
// one of the proxies that no other Service of the group has.
func (o *operator) ensureEgressService(ctx context.Context, service *corev1.Service) (*corev1.Service, error) {
	services := o.client.CoreV1().Services(o.settings.namespace)
	found, err := services.List(ctx, o.egressSelector(service))
	if err != nil {
		return nil, err
	}
	group := labels.SelectorFromSet(map[string]string{labelProxyGroup: service.Annotations[annotationGroup], labelServiceType: "egress"})
	others, err := services.List(ctx, metav1.ListOptions{LabelSelector: group.String()})
	if err != nil {
		return nil, err
	}
	used := map[int32]bool{}
	for _, other := range others.Items {
		for _, port := range other.Spec.Ports {
			used[port.TargetPort.IntVal] = true
		}
	}
	var had []corev1.ServicePort
	if len(found.Items) > 0 {
		had = found.Items[0].Spec.Ports
	}
	ports := egressPorts(service.Spec.Ports, had, used)
	if len(found.Items) == 0 {
		families := corev1.IPFamilyPolicyPreferDualStack
		return services.Create(ctx, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "ts-" + service.Name + "-", Namespace: o.settings.namespace, Labels: egressChildren(service)},
			Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeClusterIP, IPFamilyPolicy: &families, Ports: ports},
		}, metav1.CreateOptions{})
	}
	own := &found.Items[0]
	if samePorts(had, ports) {
		return own, nil
	}
	own.Spec.Ports = ports
	return services.Update(ctx, own, metav1.UpdateOptions{})
}

// egressPorts maps the wanted ports to ports of the proxies from 10000 to 10999; those that had one keep it.
func egressPorts(wanted, had []corev1.ServicePort, used map[int32]bool) []corev1.ServicePort {
	var ports []corev1.ServicePort
	for _, port := range wanted {
		name := port.Name
		if name == "" {
			name = "tailscale-unnamed"
		}
		at := slices.IndexFunc(had, func(one corev1.ServicePort) bool {
			return one.Port == port.Port && one.Protocol == port.Protocol && one.Name != healthPort
		})
		target := intstr.FromInt32(0)
		if at >= 0 {
			target = had[at].TargetPort
		} else {
			free := 10000 + rand.Int32N(1000)
			for used[free] {
				free = 10000 + rand.Int32N(1000)
			}
			used[free], target = true, intstr.FromInt32(free)
		}
		ports = append(ports, corev1.ServicePort{Name: name, Protocol: port.Protocol, Port: port.Port, TargetPort: target})
	}
	health := int32(localPort)
	for slices.ContainsFunc(wanted, func(port corev1.ServicePort) bool { return port.Port == health }) {
		health++
	}
	return append(ports, corev1.ServicePort{Name: healthPort, Protocol: corev1.ProtocolTCP, Port: health, TargetPort: intstr.FromInt32(localPort)})
}

func samePorts(a, b []corev1.ServicePort) bool {
	return slices.EqualFunc(a, b, func(a, b corev1.ServicePort) bool {
		return a.Name == b.Name && a.Port == b.Port && a.Protocol == b.Protocol && a.TargetPort == b.TargetPort
	})
}

// tellProxies writes into the group's ConfigMap where the Service leads to; false while there is none.
func (o *operator) tellProxies(ctx context.Context, service, own *corev1.Service) (bool, error) {
	config := egressTold{
		HealthCheckEndpoint: fmt.Sprintf("http://%s.%s.svc.cluster.local:%d/healthz", own.Name, own.Namespace, own.Spec.Ports[len(own.Spec.Ports)-1].Port),
		TailnetTarget:       targetOf(service),
	}
	for _, port := range own.Spec.Ports[:len(own.Spec.Ports)-1] {
		config.Ports = append(config.Ports, egressPort{Protocol: string(port.Protocol), MatchPort: uint16(port.TargetPort.IntVal), TargetPort: uint16(port.Port)})
	}
	return o.changeTold(ctx, service, func(told map[string]egressTold) bool {
		if reflect.DeepEqual(told[egressName(service)], config) {
			return false
		}
		told[egressName(service)] = config
		return true
	})
}

// changeTold changes what the proxies of a Service's group are told; false while there is no such group.
func (o *operator) changeTold(ctx context.Context, service *corev1.Service, change func(map[string]egressTold) bool) (bool, error) {
	configs := o.client.CoreV1().ConfigMaps(o.settings.namespace)
	current, err := configs.Get(ctx, egressConfig(service.Annotations[annotationGroup]), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	told := map[string]egressTold{}
	if text := current.BinaryData[keyEgress]; len(text) > 0 {
		if err := json.Unmarshal(text, &told); err != nil {
			return false, fmt.Errorf("ConfigMap %s: %s: %w", current.Name, keyEgress, err)
		}
	}
	if !change(told) {
		return true, nil
	}
	text, err := json.Marshal(told)
	if err != nil {
		return false, err
	}
	current.BinaryData = map[string][]byte{keyEgress: text}
	_, err = configs.Update(ctx, current, metav1.UpdateOptions{})
	return true, err
}

// ensureEndpoints lets the Service lead to the proxies that have taken up what they were told, and returns those. A proxy
// that has not found the host counts like any other (cmd/k8s-operator/egress-eps.go, podIsReadyToRouteTraffic).
func (o *operator) ensureEndpoints(ctx context.Context, service, own *corev1.Service) ([]discoveryv1.Endpoint, error) {
	proxies, err := o.proxies(ctx, service.Annotations[annotationGroup])
	if err != nil {
		return nil, err
	}
	var wanted []egressPort
	for _, port := range own.Spec.Ports[:len(own.Spec.Ports)-1] {
		wanted = append(wanted, egressPort{Protocol: string(port.Protocol), MatchPort: uint16(port.TargetPort.IntVal), TargetPort: uint16(port.Port)})
	}
	endpoints := []discoveryv1.Endpoint{}
	for _, proxy := range proxies {
		pod := proxy.pod
		var says egressStatus
		if text := proxy.state.Data[keyEgress]; len(text) == 0 || json.Unmarshal(text, &says) != nil {
			continue
		}
		done, ok := says.Services[egressName(service)]
		if pod.DeletionTimestamp != nil || pod.Status.PodIP == "" || says.PodIPv4 != pod.Status.PodIP || !ok ||
			done.TailnetTarget != targetOf(service) || !reflect.DeepEqual(done.Ports, wanted) {
			continue
		}
		yes, no, uid := true, false, string(pod.UID)
		endpoints = append(endpoints, discoveryv1.Endpoint{
			Hostname: &uid, Addresses: []string{pod.Status.PodIP},
			Conditions: discoveryv1.EndpointConditions{Ready: &yes, Serving: &yes, Terminating: &no},
		})
	}
	return endpoints, o.putEndpoints(ctx, service, own, endpoints)
}

func (o *operator) putEndpoints(ctx context.Context, service, own *corev1.Service, endpoints []discoveryv1.Endpoint) error {
	about := egressChildren(service)
	maps.Copy(about, map[string]string{discoveryv1.LabelServiceName: own.Name, discoveryv1.LabelManagedBy: "tailscale.com"})
	wanted := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: own.Name + "-ipv4", Namespace: o.settings.namespace, Labels: about},
		AddressType: discoveryv1.AddressTypeIPv4, Endpoints: endpoints,
	}
	for i := range own.Spec.Ports {
		port := &own.Spec.Ports[i]
		wanted.Ports = append(wanted.Ports, discoveryv1.EndpointPort{Name: &port.Name, Protocol: &port.Protocol, Port: &port.TargetPort.IntVal})
	}
	all := o.client.DiscoveryV1().EndpointSlices(o.settings.namespace)
	current, err := all.Get(ctx, wanted.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = all.Create(ctx, wanted, metav1.CreateOptions{})
		return err
	}
	if err != nil || reflect.DeepEqual(current.Endpoints, wanted.Endpoints) && reflect.DeepEqual(current.Ports, wanted.Ports) {
		return err
	}
	current.Endpoints, current.Ports = wanted.Endpoints, wanted.Ports
	_, err = all.Update(ctx, current, metav1.UpdateOptions{})
	return err
}

// removeEgress takes back what a deleted Service was for, whether or not its group is still there, and lets it go.
func (o *operator) removeEgress(ctx context.Context, service *corev1.Service) error {
	if !slices.Contains(service.Finalizers, finalizer) {
		return nil
	}
	_, err := o.changeTold(ctx, service, func(told map[string]egressTold) bool {
		_, had := told[egressName(service)]
		delete(told, egressName(service))
		return had
	})
	if err != nil {
		return err
	}
	services := o.client.CoreV1().Services(o.settings.namespace)
	found, err := services.List(ctx, o.egressSelector(service))
	if err != nil {
		return err
	}
	for _, own := range found.Items {
		if err := services.Delete(ctx, own.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	err = o.client.DiscoveryV1().EndpointSlices(o.settings.namespace).DeleteCollection(ctx, metav1.DeleteOptions{}, o.egressSelector(service))
	if err != nil {
		return err
	}
	return o.letServiceGo(ctx, service)
}
