package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"homelab/lab/cluster/rke2/controlplane"
	"homelab/lab/cluster/rke2/manifests"
	"homelab/lab/cluster/rke2/node"

	"github.com/robfig/cron/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// startControllers runs kube-controller-manager, kube-scheduler, and RKE2's own controllers:
// those of the cluster on the one server that leads, manifests and scheduled snapshots on every
// server (`deploy.WatchFiles` in k3s's pkg/server/server.go is not among the controllers that
// wait for the leadership).
func (s *server) startControllers() error {
	controller, err := controlplane.ControllerManager(s.c)
	if err != nil {
		return fmt.Errorf("kube-controller-manager-arg: %w", err)
	}
	scheduler, err := controlplane.Scheduler(s.c)
	if err != nil {
		return fmt.Errorf("kube-scheduler-arg: %w", err)
	}
	if err := errors.Join(s.child("kube-controller-manager", controller), s.child("kube-scheduler", scheduler)); err != nil {
		return err
	}
	config, err := clientConfig(s.c.Layout.AdminKubeconfig())
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ingress, err := s.ingress(config)
	if err != nil {
		return err
	}
	packaged := manifests.Packaged{
		Dir: s.c.Layout.Manifests(), ClusterDNS: s.c.ClusterDNS, ClusterDomain: s.c.ClusterDomain,
		Disabled: s.c.Disable, Ingress: ingress,
	}
	if err := packaged.Write(); err != nil {
		return err
	}
	deployer, err := manifests.New(config, packaged.Dir, s.log)
	if err != nil {
		return err
	}
	s.run.start("deploy", func(ctx context.Context) error {
		if err := packaged.DeleteDisabled(ctx, deployer); err != nil && ctx.Err() == nil {
			s.log.Error(err.Error())
		}
		return deployer.Run(ctx)
	})
	s.run.start("controllers", func(ctx context.Context) error {
		return s.lead(ctx, client, func(ctx context.Context) {
			go manifests.ScaleDNS(ctx, client, s.log)
			if err := node.Watch(ctx, client, s.member, s.log); err != nil {
				s.run.fail(fmt.Errorf("node controller: %w", err))
			}
		})
	})
	return s.scheduleSnapshots()
}

// lead runs work while this server holds the Lease kube-system/rke2.
func (s *server) lead(ctx context.Context, client kubernetes.Interface, work func(context.Context)) error {
	lock := &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: metav1.NamespaceSystem, Name: "rke2"},
		Client:     client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: s.c.NodeName},
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: lock, Name: "rke2", ReleaseOnCancel: true,
		// RKE2 has 45, 30 and 2 s (rancher/wrangler, pkg/leader).
		LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 5 * time.Second,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				s.log.Info("Leading the cluster's controllers")
				work(ctx)
			},
			OnStoppedLeading: func() { s.log.Debug("No longer leading the cluster's controllers") },
		},
	})
	if err != nil {
		return err
	}
	// Run returns when leadership is lost; this server then stands for election again.
	for ctx.Err() == nil {
		elector.Run(ctx)
	}
	return nil
}

func (s *server) scheduleSnapshots() error {
	settings := s.c.Snapshots
	if settings.Disabled {
		s.log.Info("ETCD snapshots are disabled")
		return nil
	}
	snapshots, err := newSnapshots(s.c, s.member, s.log)
	if err != nil {
		return err
	}
	clock := cron.New(cron.WithLocation(time.Local))
	_, err = clock.AddFunc(settings.Cron, func() {
		ctx, cancel := context.WithTimeout(context.Background(), snapshotPatience)
		defer cancel()
		if err := snapshots.save(ctx, true); err != nil {
			s.log.Error("Failed to take etcd snapshot: " + err.Error())
		}
	})
	if err != nil {
		return err
	}
	s.run.start("snapshots", func(ctx context.Context) error {
		clock.Start()
		<-ctx.Done()
		<-clock.Stop().Done()
		return nil
	})
	return nil
}
