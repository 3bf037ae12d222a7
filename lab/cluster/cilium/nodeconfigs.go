package cilium

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// bgpInput is all that decides which node speaks BGP with whom.
type bgpInput struct {
	clusters  []bgpClusterConfig
	nodes     []ciliumNode
	overrides []bgpNodeOverride
	peers     []bgpPeerConfig
}

// bgpPlan is what follows from it: one config a node, and the conditions of each cluster config.
type bgpPlan struct {
	configs    map[string]bgpNodeConfig
	conditions map[string][]metav1.Condition
}

// planBGP applies every cluster config to the nodes that its selector matches. A node that two of
// them select keeps the first by name; the other one is told in its conditions.
func planBGP(in bgpInput) (bgpPlan, error) {
	plan := bgpPlan{configs: map[string]bgpNodeConfig{}, conditions: map[string][]metav1.Condition{}}
	slices.SortFunc(in.clusters, func(a, b bgpClusterConfig) int { return strings.Compare(a.Name, b.Name) })
	for _, cluster := range in.clusters {
		selector := labels.Everything()
		if cluster.Spec.NodeSelector != nil {
			parsed, err := metav1.LabelSelectorAsSelector(cluster.Spec.NodeSelector)
			if err != nil {
				return plan, fmt.Errorf("CiliumBGPClusterConfig %s: nodeSelector: %w", cluster.Name, err)
			}
			selector = parsed
		}
		matched, conflicts := 0, []string{}
		for _, node := range in.nodes {
			if !selector.Matches(labels.Set(node.Labels)) {
				continue
			}
			matched++
			if taken, ok := plan.configs[node.Name]; ok {
				conflicts = append(conflicts, taken.OwnerReferences[0].Name)
				continue
			}
			plan.configs[node.Name] = nodeConfigFor(cluster, node.Name, in.overrides)
		}
		plan.conditions[cluster.Name] = []metav1.Condition{
			problem("cilium.io/NoMatchingNode", "NoMatchingNode", matched == 0, "No node matches spec.nodeSelector"),
			problem("cilium.io/MissingPeerConfigs", "MissingPeerConfigs", len(missingPeers(cluster, in.peers)) > 0,
				fmt.Sprintf("Referenced CiliumBGPPeerConfig(s) are missing: %v", missingPeers(cluster, in.peers))),
			// The type is in the singular, the reason in the plural: Documentation/network/bgp-control-plane/
			// bgp-control-plane-troubleshooting.rst of Cilium.
			problem("cilium.io/ConflictingClusterConfig", "ConflictingClusterConfigs", len(conflicts) > 0,
				fmt.Sprintf("Selecting the same node(s) with ClusterConfig(s): %v", conflicts)),
		}
	}
	return plan, nil
}

// problem is a condition that is True when something is wrong.
func problem(kind, reason string, holds bool, message string) metav1.Condition {
	condition := metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: reason, Message: ""}
	if holds {
		condition.Status, condition.Message = metav1.ConditionTrue, message
	}
	return condition
}

func missingPeers(cluster bgpClusterConfig, configs []bgpPeerConfig) []string {
	var missing []string
	for _, instance := range cluster.Spec.BGPInstances {
		for _, peer := range instance.Peers {
			if peer.PeerConfigRef == nil || slices.Contains(missing, peer.PeerConfigRef.Name) {
				continue
			}
			if !slices.ContainsFunc(configs, func(c bgpPeerConfig) bool { return c.Name == peer.PeerConfigRef.Name }) {
				missing = append(missing, peer.PeerConfigRef.Name)
			}
		}
	}
	return missing
}

func nodeConfigFor(cluster bgpClusterConfig, node string, overrides []bgpNodeOverride) bgpNodeConfig {
	controller := true
	config := bgpNodeConfig{
		TypeMeta: metav1.TypeMeta{APIVersion: group + "/v2", Kind: "CiliumBGPNodeConfig"},
		ObjectMeta: metav1.ObjectMeta{Name: node, OwnerReferences: []metav1.OwnerReference{{
			APIVersion: group + "/v2", Kind: "CiliumBGPClusterConfig", Name: cluster.Name, UID: cluster.UID, Controller: &controller,
		}}},
	}
	for _, instance := range cluster.Spec.BGPInstances {
		instance.Peers = slices.Clone(instance.Peers)
		for _, override := range overrides {
			if override.Name == node {
				applyOverride(&instance, override)
			}
		}
		config.Spec.BGPInstances = append(config.Spec.BGPInstances, instance)
	}
	return config
}

func applyOverride(instance *bgpInstance, override bgpNodeOverride) {
	for _, wanted := range override.Spec.BGPInstances {
		if wanted.Name != instance.Name {
			continue
		}
		if wanted.RouterID != "" {
			instance.RouterID = wanted.RouterID
		}
		if wanted.LocalASN != 0 {
			instance.LocalASN = wanted.LocalASN
		}
		if wanted.LocalPort != 0 {
			instance.LocalPort = wanted.LocalPort
		}
		for _, peer := range wanted.Peers {
			for i := range instance.Peers {
				if instance.Peers[i].Name == peer.Name && peer.LocalAddress != "" {
					instance.Peers[i].LocalAddress = peer.LocalAddress
				}
			}
		}
	}
}

// writeNodeConfigs makes the CiliumBGPNodeConfigs and the cluster configs' conditions as planned.
func (o *operator) writeNodeConfigs(ctx context.Context) error {
	in, err := o.bgpInput()
	if err != nil {
		return err
	}
	plan, err := planBGP(in)
	if err != nil {
		return err
	}
	existing, err := list[bgpNodeConfig](o.cluster, bgpNodeConfigs)
	if err != nil {
		return err
	}
	for _, current := range existing {
		wanted, ok := plan.configs[current.Name]
		delete(plan.configs, current.Name)
		err = errors.Join(err, o.correctNodeConfig(ctx, current, wanted, ok))
	}
	for _, wanted := range plan.configs {
		object, failure := encode(wanted)
		if failure == nil {
			_, failure = o.dynamic.Resource(bgpNodeConfigs).Create(ctx, object, metav1.CreateOptions{})
		}
		err = errors.Join(err, failure)
	}
	for _, cluster := range in.clusters {
		err = errors.Join(err, o.writeConditions(ctx, cluster, plan.conditions[cluster.Name]))
	}
	return err
}

func (o *operator) bgpInput() (in bgpInput, err error) {
	var failures [4]error
	in.clusters, failures[0] = list[bgpClusterConfig](o.cluster, bgpClusterConfigs)
	in.nodes, failures[1] = list[ciliumNode](o.cluster, ciliumNodes)
	in.overrides, failures[2] = list[bgpNodeOverride](o.cluster, bgpNodeOverrides)
	in.peers, failures[3] = list[bgpPeerConfig](o.cluster, bgpPeerConfigs)
	return in, errors.Join(failures[:]...)
}

func (o *operator) correctNodeConfig(ctx context.Context, current, wanted bgpNodeConfig, keep bool) error {
	configs := o.dynamic.Resource(bgpNodeConfigs)
	if !keep {
		err := configs.Delete(ctx, current.Name, metav1.DeleteOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return err
	}
	if equality.Semantic.DeepEqual(current.Spec, wanted.Spec) &&
		equality.Semantic.DeepEqual(current.OwnerReferences, wanted.OwnerReferences) {
		return nil
	}
	wanted.ResourceVersion = current.ResourceVersion
	object, err := encode(wanted)
	if err == nil {
		_, err = configs.Update(ctx, object, metav1.UpdateOptions{})
	}
	return err
}

func (o *operator) writeConditions(ctx context.Context, cluster bgpClusterConfig, conditions []metav1.Condition) error {
	changed := false
	for _, condition := range conditions {
		condition.ObservedGeneration = cluster.Generation
		changed = meta.SetStatusCondition(&cluster.Status.Conditions, condition) || changed
	}
	if !changed {
		return nil
	}
	return o.updateStatus(ctx, bgpClusterConfigs, cluster.Name, cluster.Status)
}
