package volumes

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// ConfigMap reads a ConfigMap; an absent one gives nil when it is optional.
func ConfigMap(ctx context.Context, client kubernetes.Interface, namespace, name string, optional *bool) (*corev1.ConfigMap, error) {
	found, err := client.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, missing("configmap", name, optional)
	}
	return found, err
}

// Secret does the same for a Secret.
func Secret(ctx context.Context, client kubernetes.Interface, namespace, name string, optional *bool) (*corev1.Secret, error) {
	found, err := client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, missing("secret", name, optional)
	}
	return found, err
}

func missing(kind, name string, optional *bool) error {
	if optional != nil && *optional {
		return nil
	}
	return fmt.Errorf("%s %q not found", kind, name)
}

// ConfigMapFiles are the files of the named volume, which is a ConfigMap, for a program of the lab.
func (v *Volumes) ConfigMapFiles(ctx context.Context, name string) (map[string]string, error) {
	volume, _ := v.named(name)
	if volume.ConfigMap == nil {
		return nil, fmt.Errorf("pod %s/%s has no ConfigMap volume %q", v.pod.Namespace, v.pod.Name, name)
	}
	payload, _, err := v.files(ctx, volume)
	return texts(payload), err
}

// SecretFiles are the files that the named volume takes from Secrets.
func (v *Volumes) SecretFiles(ctx context.Context, name string) (map[string]string, error) {
	volume, _ := v.named(name)
	if volume.Secret == nil && volume.Projected == nil {
		return nil, fmt.Errorf("pod %s/%s has no Secret volume %q", v.pod.Namespace, v.pod.Name, name)
	}
	sources, mode, _ := projections(volume)
	payload := map[string]file{}
	for _, source := range sources {
		if source.Secret == nil {
			continue
		}
		if err := v.addSecret(ctx, payload, *source.Secret, mode); err != nil {
			return nil, err
		}
	}
	return texts(payload), nil
}

func texts(payload map[string]file) map[string]string {
	files := map[string]string{}
	for path, one := range payload {
		files[path] = string(one.content)
	}
	return files
}
