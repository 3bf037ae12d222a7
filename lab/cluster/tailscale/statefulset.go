package tailscale

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// annotationSpec keeps what the operator last wrote, by which it tells a change of its own from the API server's
// defaults.
const annotationSpec = "lab.tailscale.com/spec"

// ensureStatefulSet makes the StatefulSet, or brings it up to date.
func (o *operator) ensureStatefulSet(ctx context.Context, wanted *appsv1.StatefulSet) error {
	text, err := json.Marshal(wanted.Spec)
	if err != nil {
		return err
	}
	wanted.Annotations = map[string]string{annotationSpec: fmt.Sprintf("%x", sha256.Sum256(text))}
	sets := o.client.AppsV1().StatefulSets(o.settings.namespace)
	current, err := sets.Get(ctx, wanted.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = sets.Create(ctx, wanted, metav1.CreateOptions{})
		return err
	}
	if err != nil || current.Annotations[annotationSpec] == wanted.Annotations[annotationSpec] {
		return err
	}
	wanted.ResourceVersion = current.ResourceVersion
	_, err = sets.Update(ctx, wanted, metav1.UpdateOptions{})
	return err
}

func (o *operator) statefulSet(of proxied, name string, class proxyClassSpec) *appsv1.StatefulSet {
	spec := o.podSpec(name, of.replicas)
	if of.leadsTo != "" {
		container := &spec.Containers[0]
		container.Env = append(container.Env, corev1.EnvVar{Name: destination, Value: of.leadsTo})
	}
	applyClass(&spec, class)
	pod := maps.Clone(of.labels)
	pod["app"] = string(of.uid)
	return &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: of.labels},
		Spec: appsv1.StatefulSetSpec{
			Replicas: &of.replicas, ServiceName: name,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": string(of.uid)}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: pod},
				Spec:       spec,
			},
		},
	}
}

// podSpec is a proxy's pod: an init container that turns forwarding on, and tailscale with the Secrets mounted.
func (o *operator) podSpec(name string, replicas int32) corev1.PodSpec {
	privileged := true
	field := func(name, path string) corev1.EnvVar {
		return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
	}
	spec := corev1.PodSpec{
		ServiceAccountName: "proxies",
		InitContainers: []corev1.Container{{
			Name: "sysctler", Image: o.settings.proxyImage, SecurityContext: &corev1.SecurityContext{Privileged: &privileged},
			Command: []string{"/bin/sh", "-c"}, Args: []string{"sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"},
		}},
		Containers: []corev1.Container{{
			Name: "tailscale", Image: o.settings.proxyImage, ImagePullPolicy: corev1.PullAlways,
			SecurityContext: &corev1.SecurityContext{Privileged: &privileged},
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("1m"), corev1.ResourceMemory: resource.MustParse("1Mi"),
			}},
			Env: []corev1.EnvVar{
				{Name: "TS_USERSPACE", Value: "false"},
				field("POD_IP", "status.podIP"), field("POD_NAME", "metadata.name"), field("POD_UID", "metadata.uid"),
				{Name: "TS_KUBE_SECRET", Value: "$(POD_NAME)"},
				{Name: "TS_EXPERIMENTAL_VERSIONED_CONFIG_DIR", Value: "/etc/tsconfig/$(POD_NAME)"},
				{Name: "TS_DEBUG_FIREWALL_MODE", Value: o.settings.firewallMode},
			},
		}},
	}
	for ordinal := range replicas {
		secret, volume := fmt.Sprintf("%s-%d", name, ordinal), fmt.Sprintf("tailscaledconfig-%d", ordinal)
		spec.Volumes = append(spec.Volumes, corev1.Volume{
			Name: volume, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: secret}},
		})
		spec.Containers[0].VolumeMounts = append(spec.Containers[0].VolumeMounts, corev1.VolumeMount{
			Name: volume, ReadOnly: true, MountPath: "/etc/tsconfig/" + secret,
		})
	}
	return spec
}
