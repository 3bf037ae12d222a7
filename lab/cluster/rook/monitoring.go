package rook

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/operators"
)

// Ports of managers and exporters for metrics, and their names in pods and Services (rook, mgr/mgr.go, nodedaemon/exporter.go).
const (
	managerMetrics      = 9283
	exporterMetrics     = 9926
	metricsPort         = "http-metrics"
	exporterMetricsPort = "ceph-exporter-http-metrics"
)

// metricsPorts are those of daemons of one a node.
var metricsPorts = map[string][]corev1.ContainerPort{"exporter": {{Name: metricsPort, ContainerPort: exporterMetrics}}}

// activeManager is the one that tells; a manager that stands by answers with an empty page (ceph, mgr/prometheus,
// standby_behaviour). Managers of the lab do not follow each other.
const activeManager = "a"

var serviceMonitors = schema.GroupVersionResource{Group: "monitoring.coreos.com", Version: "v1", Resource: "servicemonitors"}

// tellOf makes the Service of daemons at whose port metrics are, and its ServiceMonitor.
func (w *work) tellOf(ctx context.Context, app, name string, port int32) error {
	labels := map[string]string{"app": app, "rook_cluster": w.namespace}
	_, err := w.bring(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: app, Labels: labels},
		Spec:       corev1.ServiceSpec{Selector: labels, Ports: []corev1.ServicePort{{Name: name, Port: port, Protocol: corev1.ProtocolTCP}}},
	})
	if err != nil {
		return err
	}
	w.monitor(ctx, app, name)
	return nil
}

// monitor makes the ServiceMonitor of a Service of its name where the CephCluster asks for it. Without the kinds of
// Prometheus' operator there is none, and nothing else waits for it, as with the real one.
func (w *work) monitor(ctx context.Context, name, port string) {
	if !w.cluster.Spec.Monitoring.Enabled || w.monitored[name] == w.cluster.UID {
		return
	}
	// https://github.com/rook/rook/blob/v1.20.6/pkg/operator/k8sutil/prometheus.go
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor",
		"metadata": map[string]any{"name": name, "labels": map[string]any{"team": "rook"}},
		"spec": map[string]any{
			"namespaceSelector": map[string]any{"matchNames": []any{w.namespace}},
			"selector":          map[string]any{"matchLabels": map[string]any{"app": name, "rook_cluster": w.namespace}},
			"endpoints": []any{map[string]any{
				"port": port, "path": "/metrics", "interval": "10s", "honorLabels": true,
				"relabelings": []any{map[string]any{"targetLabel": "cluster", "replacement": w.namespace}},
			}},
		},
	}}
	object.SetOwnerReferences(w.owned())
	_, err := w.dynamic.Resource(serviceMonitors).Namespace(w.namespace).Create(ctx, object, metav1.CreateOptions{})
	if operators.Made(err) != nil {
		w.log.Warn("failed to enable service monitor, prometheus may need to be installed", "name", name, "error", err)
		return
	}
	w.monitored[name] = w.cluster.UID
}

// RunManager tells what its Ceph knows, in the words of ceph's module prometheus.
// https://docs.ceph.com/en/tentacle/mgr/prometheus/
func RunManager(ctx context.Context, c program.Container) error {
	directory, fsid, active := Directory, c.Env["ROOK_CEPH_FSID"], c.Pod.Labels["ceph_daemon_id"] == activeManager
	return tellAt(ctx, c, managerMetrics, func() string {
		if !active {
			return ""
		}
		var text string
		err := Change(directory, fsid, func(s *State) error {
			now := time.Now()
			s.settle(now)
			text = s.metrics(now)
			return nil
		})
		if err != nil {
			c.Logger.Warn("nothing can be told", "error", err)
		}
		return text
	})
}

// RunExporter is there and tells nothing: what the real one reads are counters of daemons.
func RunExporter(ctx context.Context, c program.Container) error {
	return tellAt(ctx, c, exporterMetrics, func() string { return "" })
}

func tellAt(ctx context.Context, c program.Container, port uint16, text func() string) error {
	if err := program.Metrics(ctx, c, port, text); err != nil {
		return err
	}
	c.Ready(true)
	<-ctx.Done()
	return nil
}

// metrics are of those of the real one what the lab's Ceph knows.
func (s *State) metrics(now time.Time) string {
	var text strings.Builder
	gauge := func(name string) { fmt.Fprintf(&text, "# TYPE ceph_%s gauge\n", name) }
	bit := map[bool]int{true: 1}
	found := s.checks("aes", now)
	gauge("health_status")
	fmt.Fprintf(&text, "ceph_health_status %d\n", slices.Index([]string{healthOK, healthWarn, healthErr}, overall(found, s.Muted)))
	gauge("health_detail")
	for _, code := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(&text, "ceph_health_detail{name=%q,severity=%q} %d\n", code, found[code].severity, bit[!s.Muted[code]])
	}
	gauge("mon_quorum_status")
	for i := range s.Monitors {
		fmt.Fprintf(&text, "ceph_mon_quorum_status{ceph_daemon=\"mon.%c\"} %d\n", 'a'+i, bit[i < s.MonitorsUp])
	}
	ids := slices.Sorted(maps.Keys(s.OSDs))
	for name, of := range map[string]func(*OSD) bool{"osd_up": func(o *OSD) bool { return o.Up }, "osd_in": func(o *OSD) bool { return o.In }} {
		gauge(name)
		for _, id := range ids {
			fmt.Fprintf(&text, "ceph_%s{ceph_daemon=\"osd.%d\"} %d\n", name, id, bit[of(s.OSDs[id])])
		}
	}
	var total int64
	for _, osd := range s.OSDs {
		total += osd.Bytes
	}
	gauge("cluster_total_bytes")
	fmt.Fprintf(&text, "ceph_cluster_total_bytes %d\n", total)
	return text.String()
}
