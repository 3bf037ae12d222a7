// Package operators is what the lab's own operators have in common, each in a pod of its own or in Rook's place.
package operators

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Clients are those of the cluster that this program's pod is in.
func Clients() (kubernetes.Interface, dynamic.Interface, error) {
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, nil, err
	}
	custom, err := dynamic.NewForConfig(config)
	return client, custom, err
}

// Candidate is one of several that stand for a lease.
type Candidate struct {
	Client           kubernetes.Interface
	Lease, Namespace string
	// Identity is what the lease calls it.
	Identity string
}

// Led does the work while this one leads; who loses the lead ends, and is started again.
func Led(ctx context.Context, who Candidate, work func(context.Context) error) error {
	inner, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	leaderelection.RunOrDie(inner, leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: who.Lease, Namespace: who.Namespace},
			Client:     who.Client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: who.Identity},
		},
		LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) { stop(work(ctx)) },
			OnStoppedLeading: func() { stop(errors.New("leader election lost")) },
		},
	})
	if ctx.Err() != nil {
		return nil
	}
	return context.Cause(inner)
}

// Made is the error of a create whose object may be there already.
func Made(err error) error {
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// Gone is the error of a request to an object that may be away.
func Gone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
