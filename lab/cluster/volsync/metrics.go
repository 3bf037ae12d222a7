package volsync

import (
	"context"
	"crypto/tls"
	"fmt"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	certutil "k8s.io/client-go/util/cert"

	"homelab/lab/cluster/kubelet/program"
)

// serveMetrics answers at an address such as `:8443` by https, with a certificate that it has signed itself, as controller-runtime
// does without a file (pkg/metrics/server/server.go).
func (m *manager) serveMetrics(ctx context.Context, c program.Container, address string) error {
	port, err := strconv.ParseUint(strings.TrimPrefix(address, ":"), 10, 16)
	if err != nil {
		return fmt.Errorf("--metrics-bind-address=%s: %w", address, err)
	}
	certificate, key, err := certutil.GenerateSelfSignedCertKey("localhost", nil, nil)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return err
	}
	listener, err := program.Listen(c, uint16(port))
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	secure := tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	program.MetricsAt(ctx, c, secure, func() string { return m.metrics(ctx, c) })
	return nil
}

// metrics are what VolSync tells of each object (internal/controller/metrics.go), as far as it is played.
func (m *manager) metrics(ctx context.Context, c program.Container) string {
	text := &strings.Builder{}
	fmt.Fprintln(text, "# TYPE volsync_volume_out_of_sync gauge")
	for _, kind := range []struct {
		role     string
		resource schema.GroupVersionResource
	}{{"source", sources}, {"destination", destinations}} {
		list, err := m.dynamic.Resource(kind.resource).List(ctx, metav1.ListOptions{})
		if err != nil {
			c.Logger.Error("metrics lack some objects", "kind", kind.resource.Resource, "error", err)
			continue
		}
		for i := range list.Items {
			var r replication
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(list.Items[i].Object, &r); err != nil {
				c.Logger.Error("metrics lack an object", "name", list.Items[i].GetName(), "error", err)
				continue
			}
			fmt.Fprintf(text, "volsync_volume_out_of_sync{method=\"restic\",obj_name=%q,obj_namespace=%q,role=%q} %d\n",
				r.Name, r.Namespace, kind.role, r.outOfSync(m.now()))
		}
	}
	return text.String()
}

// outOfSync is 1 until the first sync has ended, and again while one goes on after the next should have begun
// (statemachine/machine.go).
func (r *replication) outOfSync(now time.Time) int {
	if r.Status.LastSyncTime == nil || r.missed(now) {
		return 1
	}
	return 0
}

func (r *replication) missed(now time.Time) bool {
	if r.Status.LastSyncStartTime == nil || r.Spec.Trigger.Schedule == "" {
		return false
	}
	schedule, err := schedules.Parse(r.Spec.Trigger.Schedule)
	return err == nil && now.After(schedule.Next(r.Status.LastSyncStartTime.UTC()))
}
