package kubelet

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

// secretVolume returns the files that the named volume takes from Secrets.
func (k *kubelet) secretVolume(ctx context.Context, pod *corev1.Pod, volume string) (map[string]string, error) {
	for _, candidate := range pod.Spec.Volumes {
		if candidate.Name != volume {
			continue
		}
		files := map[string]string{}
		if source := candidate.Secret; source != nil {
			return files, k.secretFiles(ctx, pod.Namespace, source.SecretName, source.Items, source.Optional, files)
		}
		if candidate.Projected != nil {
			for _, source := range candidate.Projected.Sources {
				if source.Secret == nil {
					continue
				}
				err := k.secretFiles(ctx, pod.Namespace, source.Secret.Name, source.Secret.Items, source.Secret.Optional, files)
				if err != nil {
					return nil, err
				}
			}
			return files, nil
		}
	}
	return nil, fmt.Errorf("pod %s/%s has no Secret volume %q", pod.Namespace, pod.Name, volume)
}

// secretFiles adds a Secret's keys to files, or only the keys that items name, at their paths.
func (k *kubelet) secretFiles(
	ctx context.Context, namespace, name string, items []corev1.KeyToPath, optional *bool, files map[string]string,
) error {
	found, err := k.secret(ctx, namespace, name, optional)
	if err != nil || found == nil {
		return err
	}
	if len(items) == 0 {
		for key, value := range found.Data {
			files[key] = string(value)
		}
		return nil
	}
	for _, item := range items {
		value, ok := found.Data[item.Key]
		if !ok && (optional == nil || !*optional) {
			return fmt.Errorf("references non-existent secret key: %s", item.Key)
		}
		if ok {
			files[item.Path] = string(value)
		}
	}
	return nil
}
