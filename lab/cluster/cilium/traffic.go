package cilium

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"homelab/lab/cluster/kubelet/podnet"
	"homelab/lab/cluster/loopback"
	"homelab/lab/cluster/serviceproxy"
)

// carryTraffic brings the node's routes to pods, and its answers for Services, up to date.
func (a *agent) carryTraffic(own []netip.Prefix, nodeLabels map[string]string) error {
	nodes, err := list[ciliumNode](a.cluster, ciliumNodes)
	if err != nil {
		return err
	}
	err = a.routes.apply(routesTo(nodes, a.container.Node, own))
	if a.settings.masquerade && len(own) > 0 {
		err = errors.Join(err, a.masquerade(own[0], nodes))
	}
	var pods netip.Prefix
	if len(own) > 0 {
		pods = own[0]
		err = errors.Join(err, a.enforce(pods))
	}
	if a.proxy != nil {
		err = errors.Join(err, a.proxyServices(nodeLabels, pods))
	}
	return err
}

// masquerade hides the node's pods behind the node outside of the native range, but not from other nodes
// (https://docs.cilium.io/en/stable/network/concepts/masquerading/).
func (a *agent) masquerade(pods netip.Prefix, nodes []ciliumNode) error {
	kept := append([]netip.Prefix{}, a.settings.native...)
	for _, node := range nodes {
		if address, ok := node.internalIP(); ok {
			kept = append(kept, netip.PrefixFrom(address, 32))
		}
	}
	slices.SortFunc(kept, netip.Prefix.Compare)
	if slices.Equal(kept, a.unmasqueraded) {
		return nil
	}
	err := podnet.Masquerade(pods, kept)
	if err == nil {
		a.unmasqueraded = kept
	}
	return err
}

func (a *agent) proxyServices(nodeLabels map[string]string, pods netip.Prefix) error {
	services, err := a.core.Core().V1().Services().Lister().List(labels.Everything())
	if err != nil {
		return err
	}
	endpoints, err := a.core.Discovery().V1().EndpointSlices().Lister().List(labels.Everything())
	if err != nil {
		return err
	}
	taken, err := loopback.Elsewhere()
	if err != nil {
		return err
	}
	if a.settings.l2 {
		// What the node answers for on a link is still a service's.
		announced, err := a.l2Announcements(nodeLabels)
		if err != nil {
			return err
		}
		for _, one := range announced {
			for _, text := range strings.Fields(one.addresses) {
				delete(taken, netip.MustParseAddr(text))
			}
		}
	}
	plan := serviceproxy.NewPlan(a.container.Node, services, endpoints, taken)
	if a.settings.localRedirect {
		err = a.redirect(plan)
	}
	return errors.Join(err, a.proxy.Apply(serviceproxy.Node{Address: a.container.NodeIP, Pods: pods}, plan))
}

// stopTraffic takes back what carryTraffic has made, but for the policies' rules: what Cilium holds it holds without its agent.
func (a *agent) stopTraffic() {
	err := a.routes.apply(nil)
	if a.proxy != nil {
		err = errors.Join(err, a.proxy.Close())
	}
	if err != nil {
		a.container.Logger.Error("cannot take routes and addresses back", "error", err)
	}
}
