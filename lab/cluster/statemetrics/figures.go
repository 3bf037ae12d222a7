package statemetrics

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	appslisters "k8s.io/client-go/listers/apps/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/utils/ptr"
)

// listers are what is known of the cluster.
type listers struct {
	nodes        corelisters.NodeLister
	pods         corelisters.PodLister
	deployments  appslisters.DeploymentLister
	statefulSets appslisters.StatefulSetLister
	daemonSets   appslisters.DaemonSetLister
}

// exposition collects figures in Prometheus' text format, each with its lines together.
type exposition map[string][]string

// add takes labels as pairs of name and value.
func (e exposition) add(name string, value int64, pairs ...string) {
	var text []string
	for i := 0; i+1 < len(pairs); i += 2 {
		text = append(text, fmt.Sprintf("%s=%q", pairs[i], pairs[i+1]))
	}
	e[name] = append(e[name], fmt.Sprintf("%s{%s} %d\n", name, strings.Join(text, ","), value))
}

func (e exposition) String() string {
	var text strings.Builder
	names := make([]string, 0, len(e))
	for name := range e {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		slices.Sort(e[name])
		fmt.Fprintf(&text, "# TYPE %s gauge\n%s", name, strings.Join(e[name], ""))
	}
	return text.String()
}

func flag(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

func (l listers) figures(all labels.Selector) (string, error) {
	e := exposition{}
	nodes, err := l.nodes.List(all)
	if err != nil {
		return "", err
	}
	for _, node := range nodes {
		e.node(node)
	}
	pods, err := l.pods.List(all)
	if err != nil {
		return "", err
	}
	for _, pod := range pods {
		e.pod(pod)
	}
	if err := l.workloads(e, all); err != nil {
		return "", err
	}
	return e.String(), nil
}

// node is docs/metrics/cluster/node-metrics.md.
func (e exposition) node(node *corev1.Node) {
	info := node.Status.NodeInfo
	address := ""
	for _, one := range node.Status.Addresses {
		if one.Type == corev1.NodeInternalIP {
			address = one.Address
		}
	}
	e.add("kube_node_info", 1, "node", node.Name, "kubelet_version", info.KubeletVersion, "os_image", info.OSImage,
		"kernel_version", info.KernelVersion, "container_runtime_version", info.ContainerRuntimeVersion, "internal_ip", address)
	e.add("kube_node_created", node.CreationTimestamp.Unix(), "node", node.Name)
	e.add("kube_node_spec_unschedulable", flag(node.Spec.Unschedulable), "node", node.Name)
	for _, condition := range node.Status.Conditions {
		for _, status := range []corev1.ConditionStatus{corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionUnknown} {
			e.add("kube_node_status_condition", flag(condition.Status == status), "node", node.Name,
				"condition", string(condition.Type), "status", strings.ToLower(string(status)))
		}
	}
}

// pod is docs/metrics/workload/pod-metrics.md.
func (e exposition) pod(pod *corev1.Pod) {
	of := []string{"namespace", pod.Namespace, "pod", pod.Name, "uid", string(pod.UID)}
	e.add("kube_pod_info", 1, append(slices.Clone(of), "node", pod.Spec.NodeName, "pod_ip", pod.Status.PodIP,
		"host_ip", pod.Status.HostIP)...)
	for _, phase := range []corev1.PodPhase{corev1.PodPending, corev1.PodRunning, corev1.PodSucceeded, corev1.PodFailed, corev1.PodUnknown} {
		e.add("kube_pod_status_phase", flag(pod.Status.Phase == phase), append(slices.Clone(of), "phase", string(phase))...)
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type != corev1.PodReady {
			continue
		}
		for _, status := range []corev1.ConditionStatus{corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionUnknown} {
			e.add("kube_pod_status_ready", flag(condition.Status == status),
				append(slices.Clone(of), "condition", strings.ToLower(string(status)))...)
		}
	}
	for _, container := range pod.Status.ContainerStatuses {
		e.add("kube_pod_container_status_restarts_total", int64(container.RestartCount),
			append(slices.Clone(of), "container", container.Name)...)
		e.add("kube_pod_container_status_ready", flag(container.Ready), append(slices.Clone(of), "container", container.Name)...)
	}
}

// workloads are docs/metrics/workload/{deployment,statefulset,daemonset}-metrics.md.
func (l listers) workloads(e exposition, all labels.Selector) error {
	deployments, err := l.deployments.List(all)
	if err != nil {
		return err
	}
	for _, one := range deployments {
		of := []string{"namespace", one.Namespace, "deployment", one.Name}
		e.add("kube_deployment_spec_replicas", int64(ptr.Deref(one.Spec.Replicas, 1)), of...)
		e.add("kube_deployment_status_replicas", int64(one.Status.Replicas), of...)
		e.add("kube_deployment_status_replicas_available", int64(one.Status.AvailableReplicas), of...)
		e.add("kube_deployment_status_replicas_updated", int64(one.Status.UpdatedReplicas), of...)
		e.add("kube_deployment_metadata_generation", one.Generation, of...)
		e.add("kube_deployment_status_observed_generation", one.Status.ObservedGeneration, of...)
	}
	statefulSets, err := l.statefulSets.List(all)
	if err != nil {
		return err
	}
	for _, one := range statefulSets {
		of := []string{"namespace", one.Namespace, "statefulset", one.Name}
		e.add("kube_statefulset_replicas", int64(ptr.Deref(one.Spec.Replicas, 1)), of...)
		e.add("kube_statefulset_status_replicas_ready", int64(one.Status.ReadyReplicas), of...)
	}
	daemonSets, err := l.daemonSets.List(all)
	if err != nil {
		return err
	}
	for _, one := range daemonSets {
		of := []string{"namespace", one.Namespace, "daemonset", one.Name}
		e.add("kube_daemonset_status_desired_number_scheduled", int64(one.Status.DesiredNumberScheduled), of...)
		e.add("kube_daemonset_status_number_ready", int64(one.Status.NumberReady), of...)
		e.add("kube_daemonset_status_number_available", int64(one.Status.NumberAvailable), of...)
	}
	return nil
}
