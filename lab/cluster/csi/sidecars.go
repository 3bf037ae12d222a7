package csi

import (
	"context"
	"errors"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/passes"
)

// Kinds of snapshots (kubernetes-csi/external-snapshotter v8).
var (
	snapshots = schema.GroupVersionResource{Group: "snapshot.storage.k8s.io", Version: "v1", Resource: "volumesnapshots"}
	snapshot  = schema.GroupVersionResource{Group: "snapshot.storage.k8s.io", Version: "v1", Resource: "volumesnapshotcontents"}
)

// sidecar is one of a driver's controllers.
type sidecar struct {
	driver   string
	client   kubernetes.Interface
	dynamic  dynamic.Interface
	volumes  volumes
	recorder record.EventRecorder
}

// RunProvisioner binds claims of the driver's classes, and removes volumes that nobody claims any more.
func RunProvisioner(ctx context.Context, c program.Container) error {
	return run(ctx, c, (*sidecar).provision, core("persistentvolumeclaims"), core("persistentvolumes"), storage("storageclasses"))
}

// RunResizer makes volumes as large as their claims.
func RunResizer(ctx context.Context, c program.Container) error {
	return run(ctx, c, (*sidecar).resize, core("persistentvolumeclaims"), core("persistentvolumes"))
}

// RunAttacher lets nodes use the driver's volumes.
func RunAttacher(ctx context.Context, c program.Container) error {
	return run(ctx, c, (*sidecar).attach, storage("volumeattachments"))
}

// RunSnapshotter makes snapshots of the driver's volumes.
func RunSnapshotter(ctx context.Context, c program.Container) error {
	return run(ctx, c, (*sidecar).snapshot, snapshot)
}

func core(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: plural}
}

func storage(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "storage.k8s.io", Version: "v1", Resource: plural}
}

// run works while it holds the lease of its kind, as one of several replicas.
func run(ctx context.Context, c program.Container, pass func(*sidecar, context.Context) error, kinds ...schema.GroupVersionResource) error {
	client, custom, err := c.Clients()
	if err != nil {
		return err
	}
	name := c.Env["DRIVER_NAME"]
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	defer broadcaster.Shutdown()
	s := &sidecar{
		driver: name, client: client, dynamic: custom, volumes: volumes{Root, name},
		recorder: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: name}),
	}
	c.Ready(true)
	failed := make(chan error, 1)
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: strings.ReplaceAll(name, ".", "-") + "-" + c.Spec.Name, Namespace: c.Pod.Namespace},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: c.Env["POD_NAME"]},
		},
		// The drivers' operator sets 137, 107 and 26 s (ceph-csi-operator, internal/controller/defaults.go).
		LeaseDuration: 20 * time.Second, RenewDeadline: 15 * time.Second, RetryPeriod: 5 * time.Second, ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				failed <- passes.NewChanges().OverKinds(ctx, custom, again, c.Logger, func(ctx context.Context) error { return pass(s, ctx) }, kinds...)
			},
			OnStoppedLeading: func() {},
		},
	})
	if ctx.Err() != nil {
		return nil
	}
	select {
	case err := <-failed:
		return err
	default:
		return errors.New("lost the lease")
	}
}
