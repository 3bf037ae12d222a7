package volumes

import (
	"context"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// standardMode is the mode of files where neither volume nor item names one.
const standardMode = int32(0o644)

// files collects what a volume made of the API's objects holds; ok is false for other volumes.
func (v *Volumes) files(ctx context.Context, volume corev1.Volume) (payload map[string]file, ok bool, err error) {
	payload = map[string]file{}
	switch {
	case volume.ConfigMap != nil:
		err = v.addConfigMap(ctx, payload, corev1.ConfigMapProjection{
			LocalObjectReference: volume.ConfigMap.LocalObjectReference, Items: volume.ConfigMap.Items, Optional: volume.ConfigMap.Optional,
		}, volume.ConfigMap.DefaultMode)
	case volume.Secret != nil:
		err = v.addSecret(ctx, payload, corev1.SecretProjection{
			LocalObjectReference: corev1.LocalObjectReference{Name: volume.Secret.SecretName},
			Items:                volume.Secret.Items, Optional: volume.Secret.Optional,
		}, volume.Secret.DefaultMode)
	case volume.DownwardAPI != nil:
		err = v.addFields(payload, volume.DownwardAPI.Items, volume.DownwardAPI.DefaultMode)
	case volume.Projected != nil:
		for _, source := range volume.Projected.Sources {
			if err = v.addProjection(ctx, payload, volume.Name, source, volume.Projected.DefaultMode); err != nil {
				break
			}
		}
	default:
		return nil, false, nil
	}
	return payload, true, err
}

func (v *Volumes) addProjection(
	ctx context.Context, payload map[string]file, volume string, source corev1.VolumeProjection, mode *int32,
) error {
	switch {
	case source.ConfigMap != nil:
		return v.addConfigMap(ctx, payload, *source.ConfigMap, mode)
	case source.Secret != nil:
		return v.addSecret(ctx, payload, *source.Secret, mode)
	case source.DownwardAPI != nil:
		return v.addFields(payload, source.DownwardAPI.Items, mode)
	case source.ServiceAccountToken != nil:
		return v.addToken(ctx, payload, volume, *source.ServiceAccountToken, mode)
	}
	return fmt.Errorf("the lab's kubelet projects ConfigMaps, Secrets, fields and tokens only")
}

func (v *Volumes) addConfigMap(ctx context.Context, payload map[string]file, source corev1.ConfigMapProjection, mode *int32) error {
	optional := source.Optional != nil && *source.Optional
	found, err := v.client.CoreV1().ConfigMaps(v.pod.Namespace).Get(ctx, source.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		if optional {
			return nil
		}
		return fmt.Errorf("configmap %q not found", source.Name)
	}
	if err != nil {
		return err
	}
	all := map[string][]byte{}
	for key, value := range found.Data {
		all[key] = []byte(value)
	}
	for key, value := range found.BinaryData {
		all[key] = value
	}
	return addItems(payload, all, source.Items, mode, optional, "configmap")
}

func (v *Volumes) addSecret(ctx context.Context, payload map[string]file, source corev1.SecretProjection, mode *int32) error {
	optional := source.Optional != nil && *source.Optional
	found, err := v.client.CoreV1().Secrets(v.pod.Namespace).Get(ctx, source.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		if optional {
			return nil
		}
		return fmt.Errorf("secret %q not found", source.Name)
	}
	if err != nil {
		return err
	}
	return addItems(payload, found.Data, source.Items, mode, optional, "secret")
}

// addItems adds all keys, or those that items name at their paths.
func addItems(payload map[string]file, all map[string][]byte, items []corev1.KeyToPath, mode *int32, optional bool, kind string) error {
	if len(items) == 0 {
		for key, content := range all {
			payload[key] = file{content: content, mode: modeOf(mode, nil)}
		}
		return nil
	}
	for _, item := range items {
		content, present := all[item.Key]
		if !present {
			if optional {
				continue
			}
			if kind == "secret" {
				return fmt.Errorf("references non-existent secret key: %s", item.Key)
			}
			return fmt.Errorf("configmap references non-existent config key: %s", item.Key)
		}
		payload[item.Path] = file{content: content, mode: modeOf(mode, item.Mode)}
	}
	return nil
}

func (v *Volumes) addFields(payload map[string]file, items []corev1.DownwardAPIVolumeFile, mode *int32) error {
	for _, item := range items {
		text, err := v.field(item)
		if err != nil {
			return err
		}
		payload[item.Path] = file{content: []byte(text), mode: modeOf(mode, item.Mode)}
	}
	return nil
}

func modeOf(standard, own *int32) os.FileMode {
	mode := standardMode
	if standard != nil {
		mode = *standard
	}
	if own != nil {
		mode = *own
	}
	return os.FileMode(mode)
}
