// Package volsync is what the lab's kubelet runs for the image of VolSync: the controllers that save and fill volumes by movers,
// and the populator that makes a claim's volume of what a ReplicationDestination has restored. Movers are processes of their
// own (package mover), which run the real restic. Read from backube/volsync v0.16.0, internal/controller. Of its methods restic
// is played; copies of sources by clones or of the volume itself, and other methods, are refused.
package volsync

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/passes"
)

var (
	sources      = schema.GroupVersionResource{Group: group, Version: "v1alpha1", Resource: "replicationsources"}
	destinations = schema.GroupVersionResource{Group: group, Version: "v1alpha1", Resource: "replicationdestinations"}
	snapshots    = schema.GroupVersionResource{Group: "snapshot.storage.k8s.io", Version: "v1", Resource: "volumesnapshots"}
	claims       = schema.GroupVersionResource{Version: "v1", Resource: "persistentvolumeclaims"}
	jobs         = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}
)

const (
	group = "volsync.backube"
	// imageFlag names the image of movers.
	imageFlag = "--restic-container-image="
	// metricsFlag says where metrics are told.
	metricsFlag = "--metrics-bind-address="
	// createdBy is on all that VolSync makes, and cleanup on what is there for one sync (utils/labels.go).
	createdBy = "app.kubernetes.io/created-by"
	cleanup   = group + "/cleanup"
	// period is how often schedules are looked at.
	period = 2 * time.Second
)

type manager struct {
	client   kubernetes.Interface
	dynamic  dynamic.Interface
	recorder record.EventRecorder
	image    string
	now      func() time.Time
}

// RunManager works until ctx ends. Arguments other than those of the lab's chart are a crash.
func RunManager(ctx context.Context, c program.Container) error {
	m := &manager{now: time.Now}
	var metricsAddress string
	for _, argument := range c.Spec.Args {
		switch {
		case strings.HasPrefix(argument, imageFlag):
			m.image = strings.TrimPrefix(argument, imageFlag)
		case strings.HasPrefix(argument, metricsFlag):
			metricsAddress = strings.TrimPrefix(argument, metricsFlag)
		case strings.HasPrefix(argument, "--health-probe-bind-address="),
			argument == "--leader-elect", argument == "--metrics-require-rbac=false", strings.Contains(argument, "-container-image="),
			strings.HasPrefix(argument, "--scc-name="):
		default:
			return fmt.Errorf("the lab's VolSync does not know %s", argument)
		}
	}
	if m.image == "" {
		return errors.New("no image of movers: " + imageFlag)
	}
	client, custom, err := c.Clients()
	if err != nil {
		return err
	}
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	defer broadcaster.Shutdown()
	m.client, m.dynamic = client, custom
	m.recorder = broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "volsync-controller"})
	if err := m.serveMetrics(ctx, c, metricsAddress); err != nil {
		return err
	}
	c.Ready(true)
	return m.work(ctx, c)
}

// work makes a pass at each change, and where nothing changes as often as schedules need it.
func (m *manager) work(ctx context.Context, c program.Container) error {
	changed := passes.NewChanges()
	go changed.Every(ctx, period)
	return changed.OverKinds(ctx, m.dynamic, time.Second, c.Logger, m.pass, sources, destinations, claims, jobs, snapshots)
}

func (m *manager) pass(ctx context.Context) error {
	return errors.Join(m.replicate(ctx, sources), m.replicate(ctx, destinations), m.populate(ctx))
}
