package tailscale

import (
	"context"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"homelab/lab/cluster/kubelet/program"
)

// localPort is where a proxy tells of itself (cmd/k8s-operator/sts.go: defaultLocalAddrPort).
const localPort = 9002

// debugPort is where tailscaled's debug server would answer (cmd/k8s-operator/sts.go: enableEndpoints).
const debugPort = 9001

var serviceMonitors = schema.GroupVersionResource{Group: "monitoring.coreos.com", Version: "v1", Resource: "servicemonitors"}

// monitored are the proxies of one object.
type monitored struct {
	// set is the name of their StatefulSet, pods the labels of their pods.
	set  string
	pods map[string]string
	// kind and parent are what they are for: a connector or a proxygroup, and its name.
	kind, parent string
}

// ensureMetrics makes the Service and the ServiceMonitor of proxies whose class asks for them, and removes them from those
// whose class does not (cmd/k8s-operator/metrics_resources.go).
func (o *operator) ensureMetrics(ctx context.Context, of monitored, class proxyClassSpec) error {
	services := o.client.CoreV1().Services(o.settings.namespace)
	name := of.set + "-metrics"
	current, err := services.Get(ctx, name, metav1.GetOptions{})
	missing := apierrors.IsNotFound(err)
	if err != nil && !missing {
		return err
	}
	if !class.Metrics.Enable {
		if missing {
			return nil
		}
		// The monitor is owned by it.
		return services.Delete(ctx, name, metav1.DeleteOptions{})
	}
	labels := map[string]string{
		labelManaged: "true", "tailscale.com/metrics-target": of.set, "ts_proxy_type": of.kind, "ts_proxy_parent_name": of.parent,
		"ts_prom_job": fmt.Sprintf("ts_%s_%s", of.kind, of.parent),
	}
	if missing {
		current, err = services.Create(ctx, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
			Spec: corev1.ServiceSpec{
				Type: corev1.ServiceTypeClusterIP, Selector: of.pods,
				Ports: []corev1.ServicePort{{Name: "metrics", Protocol: corev1.ProtocolTCP, Port: localPort}},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
	}
	monitors := o.dynamic.Resource(serviceMonitors).Namespace(o.settings.namespace)
	_, err = monitors.Get(ctx, name, metav1.GetOptions{})
	switch {
	case err == nil && !class.Metrics.ServiceMonitor.Enable:
		return monitors.Delete(ctx, name, metav1.DeleteOptions{})
	case !class.Metrics.ServiceMonitor.Enable && apierrors.IsNotFound(err):
		return nil
	case !apierrors.IsNotFound(err):
		return err
	}
	_, err = monitors.Create(ctx, monitor(current, labels), metav1.CreateOptions{})
	return present(err)
}

// monitor is the ServiceMonitor of a Service with metrics.
func monitor(service *corev1.Service, labels map[string]string) *unstructured.Unstructured {
	texts := map[string]any{}
	for key, value := range maps.All(labels) {
		texts[key] = value
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor",
		"metadata": map[string]any{
			"name": service.Name, "namespace": service.Namespace, "labels": texts,
			"ownerReferences": []any{map[string]any{
				"apiVersion": "v1", "kind": "Service", "name": service.Name, "uid": string(service.UID), "controller": true,
			}},
		},
		"spec": map[string]any{
			"selector": map[string]any{"matchLabels": texts}, "endpoints": []any{map[string]any{"port": "metrics"}},
			"namespaceSelector": map[string]any{"matchNames": []any{service.Namespace}}, "jobLabel": "ts_prom_job",
			"targetLabels": []any{"ts_proxy_parent_name", "ts_proxy_parent_namespace", "ts_proxy_type"},
		},
	}}
}

// tellMetrics answers at /metrics until ctx ends, where the class asked for that: with the routes that the device offers,
// of all that a client tells (https://tailscale.com/kb/1482/client-metrics).
func (d *device) tellMetrics(ctx context.Context, c program.Container) error {
	if c.Env["TS_ENABLE_METRICS"] != "true" || !c.PodIP.IsValid() {
		return nil
	}
	return program.Metrics(ctx, c, localPort, func() string {
		return fmt.Sprintf("# TYPE tailscaled_advertised_routes gauge\ntailscaled_advertised_routes %d\n", len(d.current().Routes))
	})
}
