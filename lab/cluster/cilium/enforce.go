package cilium

import (
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"homelab/lab/cluster/cilium/netpolicy"
	"homelab/lab/cluster/kubelet/podnet"
	"homelab/lab/cluster/loopback"
	"homelab/lab/cluster/nft"
)

// enforcer holds the traffic of the node's pods to the network policies.
type enforcer struct {
	table   *nft.Owner
	applied map[netip.Addr]netpolicy.Verdict
	names   names
}

func newEnforcer() (*enforcer, error) {
	table, err := nft.NewOwner("homelab-policies")
	return &enforcer{table: table, names: names{
		wanted: map[string]bool{}, found: map[string][]netip.Addr{}, asked: make(chan struct{}, 1),
	}}, err
}

// enforce brings the rules for the node's pods that have a network of their own up to date.
func (a *agent) enforce(pods netip.Prefix) error {
	policies, err := a.policies()
	if err != nil {
		return err
	}
	world, own, err := a.world()
	if err != nil {
		return err
	}
	verdicts := map[netip.Addr]netpolicy.Verdict{}
	var wanted []string
	for _, endpoint := range own {
		verdict := world.Judge(policies, endpoint)
		if verdict.Ingress.Closed || verdict.Egress.Closed {
			verdicts[endpoint.Address] = verdict
			wanted = append(wanted, world.Names(policies, endpoint)...)
		}
	}
	a.enforcer.names.want(wanted)
	if reflect.DeepEqual(verdicts, a.enforcer.applied) {
		return nil
	}
	err = a.enforcer.table.Replace(func(table *nft.Table) { writePolicies(table, pods, verdicts) })
	if err == nil {
		a.enforcer.applied = verdicts
	}
	return err
}

// policies are those that can be read, in an order that stays. The operator says in the status of others what is wrong with
// them; they hold nothing.
func (a *agent) policies() ([]netpolicy.Policy, error) {
	found, err := a.readPolicies()
	if err != nil {
		return nil, err
	}
	byName := map[string]netpolicy.Policy{}
	for object, one := range found {
		if one.err == nil {
			byName[fmt.Sprintf("%s %s/%s", one.kind.Resource, object.GetNamespace(), object.GetName())] = one.policy
		}
	}
	var read []netpolicy.Policy
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		read = append(read, byName[name])
	}
	return read, nil
}

// world is who takes part in the cluster, and which of its endpoints have a network on this node.
func (a *agent) world() (netpolicy.World, []netpolicy.Endpoint, error) {
	pods, err := a.core.Core().V1().Pods().Lister().List(labels.Everything())
	if err != nil {
		return netpolicy.World{}, nil, err
	}
	var all, own []netpolicy.Endpoint
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(string(a.UID), string(b.UID)) })
	for _, pod := range pods {
		address, err := netip.ParseAddr(pod.Status.PodIP)
		over := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
		if err != nil || over || pod.Spec.HostNetwork {
			continue
		}
		endpoint := netpolicy.Endpoint{Namespace: pod.Namespace, Account: pod.Spec.ServiceAccountName, Labels: pod.Labels, Address: address}
		all = append(all, endpoint)
		if pod.Spec.NodeName == a.container.Node && podnet.Has(string(pod.UID)) {
			own = append(own, endpoint)
		}
	}
	nodes, err := a.machines()
	return netpolicy.NewWorld(a.settings.cluster, all, nodes, a.enforcer.names.resolve), own, err
}

// machines are the cluster's nodes. API servers are those that the Service `kubernetes` leads to, as with Cilium
// (pkg/k8s/watchers/endpoint_slice.go).
func (a *agent) machines() ([]netpolicy.Node, error) {
	nodes, err := list[ciliumNode](a.cluster, ciliumNodes)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(nodes, func(a, b ciliumNode) int { return strings.Compare(a.Name, b.Name) })
	servers, err := a.apiServers()
	if err != nil {
		return nil, err
	}
	var machines []netpolicy.Node
	for _, node := range nodes {
		address, ok := node.internalIP()
		if !ok {
			continue
		}
		machine := netpolicy.Node{Addresses: []netip.Addr{address}, Own: node.Name == a.container.Node, APIServer: servers[address]}
		if machine.Own {
			// Whatever address the machine has is the machine.
			elsewhere, err := loopback.Elsewhere()
			if err != nil {
				return nil, err
			}
			elsewhere[address] = true
			machine.Addresses = slices.SortedFunc(maps.Keys(elsewhere), netip.Addr.Compare)
		}
		machines = append(machines, machine)
	}
	return machines, nil
}

func (a *agent) apiServers() (map[netip.Addr]bool, error) {
	slicesOf, err := a.core.Discovery().V1().EndpointSlices().Lister().EndpointSlices("default").List(
		labels.SelectorFromSet(labels.Set{"kubernetes.io/service-name": "kubernetes"}))
	if err != nil {
		return nil, err
	}
	servers := map[netip.Addr]bool{}
	for _, slice := range slicesOf {
		for _, endpoint := range slice.Endpoints {
			for _, text := range endpoint.Addresses {
				if address, err := netip.ParseAddr(text); err == nil {
					servers[address] = true
				}
			}
		}
	}
	return servers, nil
}
