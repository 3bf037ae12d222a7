package rook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"homelab/lab/cluster/operators"
)

const hostname = "kubernetes.io/hostname"

// daemon is one of Ceph's, in a Deployment of its own.
type daemon struct {
	// app is the label by which all of a kind are known: rook-ceph-osd.
	app string
	// kind is its name among the resources, placements and priority classes: osd.
	kind, id  string
	account   string
	labels    map[string]string
	node      string
	apart     bool
	sidecars  []string
	ports     []corev1.ContainerPort
	resources *corev1.ResourceRequirements
	priority  string
	owner     []metav1.OwnerReference
	// environment and args of the daemon's own container.
	environment []corev1.EnvVar
	args        []string
	replicas    int32
}

const versionLabel = "rook-version"

// tag is the release that an image's name ends in.
func tag(image string) string { return image[strings.LastIndex(image, ":")+1:] }

// annotationForm keeps what the operator last wrote, by which it tells a change of its own from the API server's defaults.
const annotationForm = "lab.rook.io/form"

// run makes a daemon's Deployment, or brings it up to date.
func (w *work) run(ctx context.Context, d daemon) error {
	wanted := w.deployment(d)
	form, err := json.Marshal(wanted.Spec)
	if err != nil {
		return err
	}
	// Which operator has written it last; its pods do not start anew for that (k8sutil: AddRookVersionLabelToDeployment).
	wanted.Labels = maps.Clone(wanted.Labels)
	wanted.Labels[versionLabel] = tag(w.image)
	form = append(form, wanted.Labels[versionLabel]...)
	wanted.Annotations = map[string]string{annotationForm: string(form)}
	deployments := w.client.AppsV1().Deployments(w.namespace)
	current, known := w.deployments[wanted.Name]
	if !known {
		_, err = deployments.Create(ctx, wanted, metav1.CreateOptions{})
		return operators.Made(err)
	}
	if current.Annotations[annotationForm] == string(form) {
		return nil
	}
	wanted.ResourceVersion = current.ResourceVersion
	_, err = deployments.Update(ctx, wanted, metav1.UpdateOptions{})
	return err
}

func (w *work) deployment(d daemon) *appsv1.Deployment {
	spec := w.cluster.Spec
	name := d.app
	if d.id != "" {
		name += "-" + d.id
	}
	labels := map[string]string{"app": d.app, "ceph_daemon_type": d.kind, "rook_cluster": w.namespace}
	if d.id != "" {
		labels["ceph_daemon_id"] = d.id
	}
	maps.Copy(labels, d.labels)
	resources := d.resources
	if resources == nil {
		own := spec.Resources[d.kind]
		resources = &own
	}
	containers := []corev1.Container{{
		Name: d.kind, Image: spec.CephVersion.Image, Command: []string{"ceph-" + d.kind}, Args: d.args, Resources: *resources, Ports: d.ports,
		Env: d.environment,
	}}
	for _, sidecar := range d.sidecars {
		image := spec.CephVersion.Image
		if sidecar == "watch-active" {
			image = w.image
		}
		kind := strings.Replace(strings.Replace(sidecar, "watch-active", "mgr-sidecar", 1), "log-collector", "logcollector", 1)
		containers = append(containers, corev1.Container{Name: sidecar, Image: image, Command: []string{sidecar}, Resources: spec.Resources[kind]})
	}
	pod := corev1.PodSpec{
		ServiceAccountName: d.account, Containers: containers, PriorityClassName: d.priority,
		Tolerations:               append(slices.Clone(spec.Placement["all"].Tolerations), spec.Placement[d.kind].Tolerations...),
		TopologySpreadConstraints: spec.Placement[d.kind].TopologySpreadConstraints,
	}
	if pod.PriorityClassName == "" {
		pod.PriorityClassName = spec.PriorityClassNames[d.kind]
	}
	if d.node != "" {
		pod.NodeSelector = map[string]string{hostname: d.node}
	}
	if d.apart {
		pod.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
				LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": d.app}}, TopologyKey: hostname,
			}},
		}}
	}
	replicas := max(d.replicas, 1)
	owner := d.owner
	if owner == nil {
		owner = w.owned()
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, OwnerReferences: owner},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: pod},
		},
	}
}

// fsidVariable tells a container which Ceph it belongs to.
func fsidVariable() corev1.EnvVar {
	return corev1.EnvVar{Name: "ROOK_CEPH_FSID", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: monSecret}, Key: "fsid",
	}}}
}

// logs is the sidecar that all daemons have where logs are collected.
func (w *work) logs(others ...string) []string {
	if w.cluster.Spec.LogCollector.Enabled {
		return append(others, "log-collector")
	}
	return others
}

// monitors are up once most of them are; the others are waited for beside what follows.
func (w *work) monitors(ctx context.Context) error {
	var endpoints []string
	up := 0
	for i := range w.cluster.Spec.Mon.Count {
		id := string(rune('a' + i))
		address, err := w.service(ctx, "rook-ceph-mon-"+id, map[string]string{"app": "rook-ceph-mon", "ceph_daemon_id": id}, 6789, 6789)
		if err != nil {
			return err
		}
		endpoints = append(endpoints, fmt.Sprintf("%s=%s:6789", id, address))
		err = w.run(ctx, daemon{
			app: "rook-ceph-mon", kind: "mon", id: id, account: "rook-ceph-default", apart: !w.cluster.Spec.Mon.AllowMultiplePerNode,
			labels: map[string]string{"mon": id}, sidecars: w.logs(),
			ports:       []corev1.ContainerPort{{Name: "tcp-msgr1", ContainerPort: 6789}},
			environment: []corev1.EnvVar{fsidVariable()},
		})
		if err != nil {
			return err
		}
		if w.ready("rook-ceph-mon-" + id) {
			up++
		}
	}
	if err := w.endpoints(ctx, strings.Join(endpoints, ",")); err != nil {
		return err
	}
	if err := w.change(ctx, func(s *State) error {
		s.Monitors, s.MonitorsUp = w.cluster.Spec.Mon.Count, up
		return nil
	}); err != nil {
		return err
	}
	if 2*up <= w.cluster.Spec.Mon.Count {
		return fmt.Errorf("%d of %d monitors are in the quorum", up, w.cluster.Spec.Mon.Count)
	}
	return w.budget(ctx, up)
}

func (w *work) managers(ctx context.Context) error {
	up := 0
	for i := range w.cluster.Spec.Mgr.Count {
		id := string(rune('a' + i))
		err := w.run(ctx, daemon{
			app: "rook-ceph-mgr", kind: "mgr", id: id, account: "rook-ceph-mgr", apart: true, sidecars: w.logs("watch-active"),
			ports:       []corev1.ContainerPort{{Name: metricsPort, ContainerPort: managerMetrics}},
			environment: []corev1.EnvVar{fsidVariable()},
		})
		if err != nil {
			return err
		}
		if w.ready("rook-ceph-mgr-" + id) {
			up++
		}
	}
	if err := w.tellOf(ctx, "rook-ceph-mgr", metricsPort, managerMetrics); err != nil {
		return err
	}
	if _, err := w.service(ctx, "rook-ceph-mgr-dashboard", map[string]string{"app": "rook-ceph-mgr"}, 7000, 7000); err != nil {
		return err
	}
	if up == 0 {
		return errors.New("no manager runs")
	}
	return nil
}

// perNode are the collectors of crashes and the exporters, one each on every node that has pods of other daemons. They go once it
// has none, and stay when the node itself is gone (rook, nodedaemon/reconcile.go).
func (w *work) perNode(ctx context.Context, nodes []corev1.Node) error {
	hosts, err := w.hosts(ctx)
	if err != nil {
		return err
	}
	failed := w.tellOf(ctx, "rook-ceph-exporter", exporterMetricsPort, exporterMetrics)
	for _, node := range nodes {
		wanted := slices.Contains(hosts, node.Name)
		for _, kind := range []string{"crashcollector", "exporter"} {
			app := "rook-ceph-" + kind
			if wanted && (kind != "crashcollector" || !w.cluster.Spec.CrashCollector.Disable) {
				failed = errors.Join(failed, w.run(ctx, daemon{
					app: app, kind: kind, id: node.Name, account: "rook-ceph-default", node: node.Name, labels: map[string]string{"node_name": node.Name},
					ports: metricsPorts[kind],
				}))
				continue
			}
			if _, there := w.deployments[app+"-"+node.Name]; there {
				err := w.client.AppsV1().Deployments(w.namespace).Delete(ctx, app+"-"+node.Name, metav1.DeleteOptions{})
				failed = errors.Join(failed, operators.Gone(err))
			}
		}
	}
	return failed
}

// ready tells whether a Deployment had a pod that is.
func (w *work) ready(name string) bool {
	found, known := w.deployments[name]
	return known && found.Status.ReadyReplicas > 0
}

// service makes a Service and gives its address.
func (w *work) service(ctx context.Context, name string, selector map[string]string, port int32, target int) (string, error) {
	return w.bring(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: corev1.ServiceSpec{Selector: selector, Ports: []corev1.ServicePort{{
			Name: "http", Port: port, TargetPort: intstr.FromInt(target), Protocol: corev1.ProtocolTCP,
		}}},
	})
}

// bring makes a Service where there is none of its name, and gives its address.
func (w *work) bring(ctx context.Context, service *corev1.Service) (string, error) {
	if address, known := w.addresses[service.Name]; known {
		return address, nil
	}
	service.OwnerReferences = w.owned()
	made, err := w.client.CoreV1().Services(w.namespace).Create(ctx, service, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return made.Spec.ClusterIP, nil
}

func (w *work) endpoints(ctx context.Context, list string) error {
	configs := w.client.CoreV1().ConfigMaps(w.namespace)
	found, err := configs.Get(ctx, monConfig, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = configs.Create(ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: monConfig, Finalizers: []string{protection}, OwnerReferences: w.owned()},
			Data:       map[string]string{"data": list, "maxMonId": fmt.Sprint(w.cluster.Spec.Mon.Count - 1)},
		}, metav1.CreateOptions{})
		return operators.Made(err)
	}
	if err != nil || found.Data["data"] == list {
		return err
	}
	found.Data["data"] = list
	_, err = configs.Update(ctx, found, metav1.UpdateOptions{})
	return err
}

// budget lets a monitor be away, two of five, fewer by those that are down, and none is made for two or less. It is looked after
// at each change, and each minute (rook v1.20.6, mon/drain.go, reconcileMonPDB, which mon/health.go calls every 45 s).
func (w *work) budget(ctx context.Context, up int) error {
	count := w.cluster.Spec.Mon.Count
	if count <= 2 {
		return nil
	}
	away := 1
	if count >= 5 {
		away = 2
	}
	allowed := intstr.FromInt(max(0, away-(count-up)))
	now := time.Now()
	if allowed == w.allowed && now.Sub(w.budgeted) < tell {
		return nil
	}
	budgets := w.client.PolicyV1().PodDisruptionBudgets(w.namespace)
	found, err := budgets.Get(ctx, "rook-ceph-mon-pdb", metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		_, err = budgets.Create(ctx, &policyv1.PodDisruptionBudget{
			ObjectMeta: metav1.ObjectMeta{Name: "rook-ceph-mon-pdb", OwnerReferences: w.owned()},
			Spec: policyv1.PodDisruptionBudgetSpec{
				MaxUnavailable: &allowed, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "rook-ceph-mon"}},
			},
		}, metav1.CreateOptions{})
	case err == nil && (found.Spec.MaxUnavailable == nil || *found.Spec.MaxUnavailable != allowed):
		found.Spec.MaxUnavailable = &allowed
		_, err = budgets.Update(ctx, found, metav1.UpdateOptions{})
	}
	if err == nil {
		w.allowed, w.budgeted = allowed, now
	}
	return err
}
