package kubelet

import (
	"context"
	"fmt"
	"maps"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"

	"homelab/lab/cluster/kubelet/volumes"
)

// environment resolves a container's variables as the kubelet does: envFrom first, then env, with
// `$(NAME)` expanded from what precedes.
func (k *kubelet) environment(ctx context.Context, pod *corev1.Pod, container *corev1.Container, podIP string) (map[string]string, error) {
	resolved := map[string]string{}
	for _, source := range container.EnvFrom {
		values, err := k.environmentFrom(ctx, pod, source)
		if err != nil {
			return nil, err
		}
		for key, value := range values {
			resolved[source.Prefix+key] = value
		}
	}
	expand := expansion.MappingFuncFor(resolved)
	for _, variable := range container.Env {
		if variable.ValueFrom == nil {
			resolved[variable.Name] = expansion.Expand(variable.Value, expand)
			continue
		}
		value, present, err := k.valueFrom(ctx, pod, container, variable.ValueFrom, podIP)
		if err != nil {
			return nil, err
		}
		if present {
			resolved[variable.Name] = value
		}
	}
	return resolved, nil
}

func (k *kubelet) environmentFrom(ctx context.Context, pod *corev1.Pod, source corev1.EnvFromSource) (map[string]string, error) {
	values := map[string]string{}
	if reference := source.ConfigMapRef; reference != nil {
		found, err := volumes.ConfigMap(ctx, k.client, pod.Namespace, reference.Name, reference.Optional)
		if err != nil {
			return nil, err
		}
		if found != nil {
			maps.Copy(values, found.Data)
		}
	}
	if reference := source.SecretRef; reference != nil {
		found, err := volumes.Secret(ctx, k.client, pod.Namespace, reference.Name, reference.Optional)
		if err != nil {
			return nil, err
		}
		if found != nil {
			for key, value := range found.Data {
				values[key] = string(value)
			}
		}
	}
	return values, nil
}

func (k *kubelet) valueFrom(
	ctx context.Context, pod *corev1.Pod, container *corev1.Container, source *corev1.EnvVarSource, podIP string,
) (value string, present bool, err error) {
	switch {
	case source.FieldRef != nil:
		value, err = k.field(pod, source.FieldRef.FieldPath, podIP)
		return value, true, err
	case source.ResourceFieldRef != nil:
		return strconv.FormatInt(resourceField(container, source.ResourceFieldRef), 10), true, nil
	case source.ConfigMapKeyRef != nil:
		reference := source.ConfigMapKeyRef
		found, err := volumes.ConfigMap(ctx, k.client, pod.Namespace, reference.Name, reference.Optional)
		if err != nil || found == nil {
			return "", false, err
		}
		value, present = found.Data[reference.Key]
		if !present && (reference.Optional == nil || !*reference.Optional) {
			err = fmt.Errorf("couldn't find key %v in ConfigMap %v/%v", reference.Key, pod.Namespace, reference.Name)
		}
		return value, present, err
	case source.SecretKeyRef != nil:
		reference := source.SecretKeyRef
		found, err := volumes.Secret(ctx, k.client, pod.Namespace, reference.Name, reference.Optional)
		if err != nil || found == nil {
			return "", false, err
		}
		data, present := found.Data[reference.Key]
		if !present && (reference.Optional == nil || !*reference.Optional) {
			err = fmt.Errorf("couldn't find key %v in Secret %v/%v", reference.Key, pod.Namespace, reference.Name)
		}
		return string(data), present, err
	}
	return "", false, fmt.Errorf("the lab's kubelet knows no source of environment values but fields, resources, ConfigMaps and Secrets")
}

// resourceField returns a limit or request in units of the divisor, rounded up.
func resourceField(container *corev1.Container, reference *corev1.ResourceFieldSelector) int64 {
	list := container.Resources.Requests
	name, limits := reference.Resource, false
	if rest, ok := cut(reference.Resource, "limits."); ok {
		list, name, limits = container.Resources.Limits, rest, true
	} else if rest, ok := cut(reference.Resource, "requests."); ok {
		name = rest
	}
	amount, ok := list[corev1.ResourceName(name)]
	if !ok && limits {
		amount = container.Resources.Requests[corev1.ResourceName(name)]
	}
	divisor := reference.Divisor.Value()
	if divisor <= 0 {
		divisor = 1
	}
	return (amount.Value() + divisor - 1) / divisor
}
