// Package cilium is what the lab's kubelet runs for Cilium's images. The operator installs the CRDs,
// allocates pod CIDRs and load-balancer addresses, and turns BGP cluster configs into node configs.
// The agent makes its node's pod network ready, routes to other nodes' pods, sends TCP connections and
// UDP packets for Services to their endpoints, also by local redirect policies, holds pods that are
// processes to network policies, and speaks real BGP. The operator says of policies whether they are valid.
package cilium

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/passes"
)

// configVolume is the operator's volume with cilium-config.
const configVolume = "cilium-config-path"

// operator is the elected operator's work.
type operator struct {
	*cluster
	settings settings
	log      interface {
		Info(string, ...any)
		Warn(string, ...any)
	}
}

// RunOperator takes part in the operators' election and does their work while it leads. As in
// cilium-operator, lost leadership is a crash.
func RunOperator(ctx context.Context, c program.Container) error {
	config, err := c.ConfigVolume(ctx, configVolume)
	if err != nil {
		return err
	}
	settings, err := parseSettings(config)
	if err != nil {
		return err
	}
	cluster, err := newCluster(c)
	if err != nil {
		return err
	}
	if err := tellMetrics(ctx, c, map[string]func() string{metricsPort: nothingCounted}); err != nil {
		return err
	}
	o := &operator{cluster: cluster, settings: settings, log: c.Logger}
	election, resign := context.WithCancel(ctx)
	defer resign()
	var failure error
	done := make(chan struct{})
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: "cilium-operator-resource-lock", Namespace: c.Pod.Namespace},
			Client:     cluster.client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: c.Node + "-" + string(c.Pod.UID)},
		},
		LeaseDuration: settings.leaseDuration, RenewDeadline: settings.renewDeadline, RetryPeriod: settings.retryPeriod,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(leading context.Context) {
				defer close(done)
				failure = o.lead(leading)
				resign()
			},
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return fmt.Errorf("cilium-config: leader-election-*: %w", err)
	}
	c.Ready(true)
	elector.Run(election)
	if ctx.Err() != nil {
		return nil
	}
	<-done
	return errors.Join(errors.New("leader election lost"), failure)
}

// lead does the operator's work until ctx ends.
func (o *operator) lead(ctx context.Context) error {
	if !o.settings.skipCRDs {
		if err := installDefinitions(ctx, o.dynamic); err != nil {
			return err
		}
	}
	if err := o.followAll(); err != nil {
		return err
	}
	if err := o.start(ctx); err != nil {
		return nil //nolint:nilerr // ctx ended
	}
	defer o.core.Shutdown()
	passes.Repeat(ctx, o.changed, again, o.log, o.pass)
	return nil
}

func (o *operator) followAll() error {
	core := o.core.Core().V1()
	err := errors.Join(
		o.follow(core.Nodes().Informer()), o.follow(core.Services().Informer()), o.follow(core.Pods().Informer()),
		o.followCustom(ciliumNodes, loadBalancerPools), o.followCustom(policyKinds...),
	)
	if o.settings.bgp {
		err = errors.Join(err, o.followCustom(bgpClusterConfigs, bgpNodeConfigs, bgpNodeOverrides, bgpPeerConfigs))
	}
	return err
}

func (o *operator) pass(ctx context.Context) error {
	err := errors.Join(o.allocatePodCIDRs(ctx), o.markNodes(ctx), o.removeLostNodes(ctx), o.judgePolicies(ctx))
	if o.settings.loadBalancerIPAM {
		err = errors.Join(err, o.allocateServiceAddresses(ctx))
	}
	if o.settings.bgp {
		err = errors.Join(err, o.writeNodeConfigs(ctx))
	}
	return err
}
