// Package kubevip is what the lab's kubelet runs for the image of kube-vip: the control plane's
// virtual address by ARP, moved by leader election on a Lease of the real API.
package kubevip

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"homelab/lab/cluster/arp"
	"homelab/lab/cluster/kubelet/program"
)

// Run takes part in the election until ctx ends, and holds the address while it leads. When ctx ends
// it gives the lease up; when the node loses power, another takes over after the lease's duration.
// It removes an address that an earlier, killed run left on the interface. Losing the lease is a
// crash, as in kube-vip: the address goes and the container starts again.
func Run(ctx context.Context, c program.Container) error {
	settings, err := parse(c.Env, c.Node)
	if err != nil {
		return err
	}
	link, err := arp.FindLink(settings.link)
	if err != nil {
		return err
	}
	vip := arp.Address{Link: link, IP: settings.address, Log: c.Logger}
	if err := vip.Remove(); err != nil {
		return fmt.Errorf("cannot remove the address of an earlier run: %w", err)
	}
	client, err := kubernetes.NewForConfig(c.API)
	if err != nil {
		return err
	}
	term := newTerm(ctx, vip)
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Name: settings.lease,
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: settings.lease, Namespace: settings.namespace},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: settings.holder},
		},
		LeaseDuration: settings.duration, RenewDeadline: settings.deadline, RetryPeriod: settings.retry,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: term.lead,
			OnStoppedLeading: func() {},
			OnNewLeader: func(leader string) {
				c.Logger.Info("the address has a holder", "address", settings.address, "holder", leader)
			},
		},
	})
	if err != nil {
		return fmt.Errorf("vip_leaseduration, vip_renewdeadline, vip_retryperiod: %w", err)
	}
	c.Ready(true)
	return term.run(elector)
}

// term is one candidacy: it ends when its context ends, the lease is lost or the address cannot be held.
type term struct {
	ctx      context.Context
	vip      arp.Address
	election context.Context
	resign   context.CancelFunc
	leading  atomic.Bool
	held     chan error
}

func newTerm(ctx context.Context, vip arp.Address) *term {
	election, resign := context.WithCancel(context.WithoutCancel(ctx))
	return &term{ctx: ctx, vip: vip, election: election, resign: resign, held: make(chan error, 1)}
}

// lead holds the address until the lease is lost or the run ends. Only then is the lease given up,
// so that never two nodes have the address.
func (t *term) lead(leading context.Context) {
	t.leading.Store(true)
	both, cancel := context.WithCancel(leading)
	defer context.AfterFunc(t.ctx, cancel)()
	defer cancel()
	t.held <- t.vip.Hold(both)
	t.resign()
}

func (t *term) run(elector *leaderelection.LeaderElector) error {
	defer t.resign()
	defer context.AfterFunc(t.ctx, func() {
		if !t.leading.Load() {
			t.resign()
		}
	})()
	elector.Run(t.election)
	if t.leading.Load() {
		if err := <-t.held; err != nil {
			return err
		}
	}
	if t.ctx.Err() != nil {
		return nil
	}
	return errors.New("lost leadership of the virtual address")
}
