package cilium

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// nextPodCIDR returns the lowest free range of the given size in pools.
func nextPodCIDR(pools []netip.Prefix, maskSize int, used []netip.Prefix) (netip.Prefix, bool) {
	for _, pool := range pools {
		for candidate := netip.PrefixFrom(pool.Addr(), maskSize); pool.Contains(candidate.Addr()); {
			if !slices.ContainsFunc(used, candidate.Overlaps) {
				return candidate, true
			}
			next, ok := after(candidate)
			if !ok {
				break
			}
			candidate = next
		}
	}
	return netip.Prefix{}, false
}

// after returns the range of the same size that follows; ok is false at the end of IPv4.
func after(prefix netip.Prefix) (netip.Prefix, bool) {
	octets := prefix.Addr().As4()
	start := uint64(octets[0])<<24 | uint64(octets[1])<<16 | uint64(octets[2])<<8 | uint64(octets[3])
	start += 1 << (32 - prefix.Bits())
	if start >= 1<<32 {
		return netip.Prefix{}, false
	}
	address := netip.AddrFrom4([4]byte{byte(start >> 24), byte(start >> 16), byte(start >> 8), byte(start)})
	return netip.PrefixFrom(address, prefix.Bits()), true
}

// allocatePodCIDRs gives each CiliumNode without a pod CIDR the next one of the cluster's pool.
func (o *operator) allocatePodCIDRs(ctx context.Context) error {
	nodes, err := list[ciliumNode](o.cluster, ciliumNodes)
	if err != nil {
		return err
	}
	slices.SortFunc(nodes, func(a, b ciliumNode) int { return strings.Compare(a.Name, b.Name) })
	var used []netip.Prefix
	for _, node := range nodes {
		for _, text := range node.Spec.IPAM.PodCIDRs {
			if cidr, err := netip.ParsePrefix(text); err == nil {
				used = append(used, cidr)
			}
		}
	}
	for _, node := range nodes {
		if len(node.Spec.IPAM.PodCIDRs) > 0 {
			continue
		}
		cidr, ok := nextPodCIDR(o.settings.pools, o.settings.maskSize, used)
		if !ok {
			err = errors.Join(err, fmt.Errorf("no pod CIDR is left for node %s in %v", node.Name, o.settings.pools))
			continue
		}
		used = append(used, cidr)
		err = errors.Join(err, o.givePodCIDR(ctx, node.Name, cidr))
	}
	return err
}

// givePodCIDR updates the CiliumNode as it is now: the operator's role has no patch for this kind.
func (o *operator) givePodCIDR(ctx context.Context, name string, cidr netip.Prefix) error {
	nodes := o.dynamic.Resource(ciliumNodes)
	object, err := nodes.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if given, _, err := unstructured.NestedStringSlice(object.Object, "spec", "ipam", "podCIDRs"); err != nil || len(given) > 0 {
		return err
	}
	if err := unstructured.SetNestedStringSlice(object.Object, []string{cidr.String()}, "spec", "ipam", "podCIDRs"); err != nil {
		return err
	}
	_, err = nodes.Update(ctx, object, metav1.UpdateOptions{})
	return err
}

// removeLostNodes deletes CiliumNodes whose Node is gone, so that their pod CIDR is free again.
func (o *operator) removeLostNodes(ctx context.Context) error {
	nodes, err := list[ciliumNode](o.cluster, ciliumNodes)
	for _, node := range nodes {
		_, missing := o.core.Core().V1().Nodes().Lister().Get(node.Name)
		if apierrors.IsNotFound(missing) {
			failure := o.dynamic.Resource(ciliumNodes).Delete(ctx, node.Name, metav1.DeleteOptions{})
			if !apierrors.IsNotFound(failure) {
				err = errors.Join(err, failure)
			}
		}
	}
	return err
}

// markNodes takes the agent's taint off nodes whose agent is ready and says that their network is up.
func (o *operator) markNodes(ctx context.Context) error {
	agents, err := o.core.Core().V1().Pods().Lister().List(labels.SelectorFromSet(labels.Set{"k8s-app": "cilium"}))
	if err != nil {
		return err
	}
	for _, agent := range agents {
		if !podReady(agent) {
			continue
		}
		node, missing := o.core.Core().V1().Nodes().Lister().Get(agent.Spec.NodeName)
		if missing != nil {
			continue
		}
		err = errors.Join(err, o.markNode(ctx, node))
	}
	return err
}

func podReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

func (o *operator) markNode(ctx context.Context, node *corev1.Node) error {
	nodes := o.client.CoreV1().Nodes()
	if o.settings.removeTaints {
		kept := slices.DeleteFunc(slices.Clone(node.Spec.Taints), func(t corev1.Taint) bool { return t.Key == o.settings.agentTaint })
		if len(kept) != len(node.Spec.Taints) {
			patch, err := json.Marshal(map[string]any{
				"metadata": map[string]any{"resourceVersion": node.ResourceVersion},
				"spec":     map[string]any{"taints": kept},
			})
			if err != nil {
				return err
			}
			_, err = nodes.Patch(ctx, node.Name, types.MergePatchType, patch, metav1.PatchOptions{})
			return err
		}
	}
	up := slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
		return c.Type == corev1.NodeNetworkUnavailable && c.Status == corev1.ConditionFalse
	})
	if up || !o.settings.setNetworkStatus {
		return nil
	}
	now := metav1.Now()
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": []corev1.NodeCondition{{
		Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionFalse, Reason: "CiliumIsUp",
		Message: "Cilium is running on this node", LastHeartbeatTime: now, LastTransitionTime: now,
	}}}})
	if err != nil {
		return err
	}
	_, err = nodes.PatchStatus(ctx, node.Name, patch)
	return err
}
