package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"homelab/lab/cluster/operators"
)

// Labels and ports (internal/resources/const.go).
const (
	nameLabel    = "app.kubernetes.io/name"
	partOfLabel  = "app.kubernetes.io/part-of"
	appLabel     = "app"
	appName      = "dragonfly"
	roleLabel    = "role"
	masterLabel  = "master-ip"
	masterNote   = "operator.dragonflydb.io/masterIP"
	release      = "v1.39.0"
	container    = "dragonfly"
	redisPort    = 6379
	adminPort    = 9999
	defaultImage = "docker.dragonflydb.io/dragonflydb/dragonfly:" + release
)

// formNote keeps what the operator last wrote, by which it tells a change of its own from the API server's defaults.
const formNote = "lab.dragonflydb.io/form"

func podLabels(name string) map[string]string {
	return map[string]string{appLabel: name, partOfLabel: appName, nameLabel: appName}
}

func selector(name string) labels.Selector { return labels.SelectorFromSet(podLabels(name)) }

// resources makes what a Dragonfly consists of: a StatefulSet whose pods are deleted by the operator alone, a Service that leads
// to the master, and a budget where there are several (internal/resources/resources.go). The last two stay as they were made.
func (o *operator) resources(ctx context.Context, one *dragonfly) error {
	if one.Spec.NetworkPolicyEnabled == nil || *one.Spec.NetworkPolicyEnabled {
		return fmt.Errorf("%s: the lab's operator makes no policy: set networkPolicyEnabled: false", one.Name)
	}
	set := statefulSet(one)
	current, err := o.client.AppsV1().StatefulSets(one.Namespace).Get(ctx, one.Name, metav1.GetOptions{})
	if err := o.put(ctx, set, err, current.Annotations, func() error {
		_, err := o.client.AppsV1().StatefulSets(one.Namespace).Create(ctx, set, metav1.CreateOptions{})
		return err
	}, func(patch []byte) error {
		_, err := o.client.AppsV1().StatefulSets(one.Namespace).Patch(ctx, one.Name, types.MergePatchType, patch, metav1.PatchOptions{})
		return err
	}); err != nil {
		return err
	}
	if _, err := o.client.CoreV1().Services(one.Namespace).Create(ctx, service(one), metav1.CreateOptions{}); operators.Made(err) != nil {
		return err
	}
	budgets := o.client.PolicyV1().PodDisruptionBudgets(one.Namespace)
	if one.Spec.Replicas < 2 {
		if err := budgets.Delete(ctx, one.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
		return nil
	}
	if _, err := budgets.Create(ctx, budget(one), metav1.CreateOptions{}); operators.Made(err) != nil {
		return err
	}
	return nil
}

// put makes an object that is not there, and brings one up to date whose form is another, its annotations in the same patch
// (internal/controller/dragonfly_instance.go, reconcileResources).
func (o *operator) put(
	_ context.Context, set *appsv1.StatefulSet, missing error, notes map[string]string, create func() error, update func([]byte) error,
) error {
	form, err := json.Marshal([]any{set.Annotations, set.Labels, set.Spec})
	if err != nil {
		return err
	}
	set.Annotations[formNote] = string(form)
	switch {
	case apierrors.IsNotFound(missing):
		return create()
	case missing != nil:
		return missing
	case notes[formNote] == string(form):
		return nil
	}
	// Selector and name of the Service never change; the rest of the spec is replaced whole.
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"annotations": set.Annotations, "labels": set.Labels},
		"spec":     map[string]any{"replicas": set.Spec.Replicas, "template": set.Spec.Template},
	})
	if err != nil {
		return err
	}
	return update(patch)
}

func about(one *dragonfly) metav1.ObjectMeta {
	yes := true
	all := podLabels(one.Name)
	maps.Copy(all, map[string]string{
		"app.kubernetes.io/component": appName, "app.kubernetes.io/instance": one.Name, "app.kubernetes.io/version": release,
		"app.kubernetes.io/managed-by": "dragonfly-operator",
	})
	notes := map[string]string{}
	if more := one.Spec.OwnedObjectsMetadata; more != nil {
		maps.Copy(all, more.Labels)
		maps.Copy(notes, more.Annotations)
	}
	return metav1.ObjectMeta{
		Name: one.Name, Namespace: one.Namespace, Labels: all, Annotations: notes,
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: one.APIVersion, Kind: one.Kind, Name: one.Name, UID: one.UID, Controller: &yes, BlockOwnerDeletion: &yes,
		}},
	}
}

// defaultArguments are those of every instance.
var defaultArguments = []string{
	"--alsologtostderr", "--break_replication_on_master_restart=true", "--primary_port_http_enabled=false",
	fmt.Sprintf("--admin_port=%d", adminPort), "--admin_nopass",
}

func statefulSet(one *dragonfly) *appsv1.StatefulSet {
	spec := one.Spec
	image := spec.Image
	if image == "" {
		image = defaultImage
	}
	health := func() *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler:     corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"/bin/sh", "/usr/local/bin/healthcheck.sh"}}},
			FailureThreshold: 3, InitialDelaySeconds: 10, PeriodSeconds: 10, SuccessThreshold: 1, TimeoutSeconds: 5,
		}
	}
	own := corev1.Container{
		Name: container, Image: image, ImagePullPolicy: spec.ImagePullPolicy,
		Ports:          []corev1.ContainerPort{{Name: "redis", ContainerPort: redisPort}, {Name: "admin", ContainerPort: adminPort}},
		Args:           slices.Concat(defaultArguments, spec.Args),
		Env:            append(slices.Clone(spec.Env), corev1.EnvVar{Name: "HEALTHCHECK_PORT", Value: fmt.Sprint(adminPort)}),
		ReadinessProbe: health(), LivenessProbe: health(), SecurityContext: spec.ContainerSecurityContext,
	}
	if spec.Resources != nil {
		own.Resources = *spec.Resources
	}
	if spec.Snapshot != nil {
		own.Args = append(own.Args, "--dir="+spec.Snapshot.Dir)
		if spec.Snapshot.Cron != "" {
			own.Args = append(own.Args, "--snapshot_cron="+spec.Snapshot.Cron)
		}
	}
	if spec.Authentication != nil && spec.Authentication.PasswordFromSecret != nil {
		own.Env = append(own.Env, corev1.EnvVar{
			Name: "DFLY_requirepass", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: spec.Authentication.PasswordFromSecret},
		})
	}
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: podLabels(one.Name), Annotations: map[string]string{}},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{own}, SecurityContext: spec.PodSecurityContext, Affinity: spec.Affinity, Tolerations: spec.Tolerations,
		},
	}
	if template.Spec.SecurityContext == nil {
		group := int64(999)
		template.Spec.SecurityContext = &corev1.PodSecurityContext{FSGroup: &group}
	}
	if spec.PodMetadata != nil {
		maps.Copy(template.Labels, spec.PodMetadata.Labels)
		maps.Copy(template.Annotations, spec.PodMetadata.Annotations)
	}
	return &appsv1.StatefulSet{
		ObjectMeta: about(one),
		Spec: appsv1.StatefulSetSpec{
			Replicas: &spec.Replicas, ServiceName: one.Name, Selector: &metav1.LabelSelector{MatchLabels: podLabels(one.Name)},
			UpdateStrategy: appsv1.StatefulSetUpdateStrategy{Type: appsv1.OnDeleteStatefulSetStrategyType}, Template: template,
		},
	}
}

func service(one *dragonfly) *corev1.Service {
	return &corev1.Service{ObjectMeta: about(one), Spec: corev1.ServiceSpec{
		Selector: map[string]string{appLabel: one.Name, nameLabel: appName, roleLabel: "master"},
		Ports:    []corev1.ServicePort{{Name: "redis", Port: redisPort}},
	}}
}

func budget(one *dragonfly) *policyv1.PodDisruptionBudget {
	away := intstr.FromInt32(1)
	return &policyv1.PodDisruptionBudget{ObjectMeta: about(one), Spec: policyv1.PodDisruptionBudgetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: podLabels(one.Name)}, MaxUnavailable: &away,
	}}
}
