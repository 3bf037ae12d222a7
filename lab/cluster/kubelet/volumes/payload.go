package volumes

import (
	"context"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
)

// standardMode is the mode of files where neither volume nor item names one.
const standardMode = int32(0o644)

// projections are what a volume made of the API's objects is made of, with the mode of its files; ok is
// false for other volumes.
func projections(volume corev1.Volume) (list []corev1.VolumeProjection, mode *int32, ok bool) {
	switch {
	case volume.ConfigMap != nil:
		return []corev1.VolumeProjection{{ConfigMap: &corev1.ConfigMapProjection{
			LocalObjectReference: volume.ConfigMap.LocalObjectReference, Items: volume.ConfigMap.Items, Optional: volume.ConfigMap.Optional,
		}}}, volume.ConfigMap.DefaultMode, true
	case volume.Secret != nil:
		return []corev1.VolumeProjection{{Secret: &corev1.SecretProjection{
			LocalObjectReference: corev1.LocalObjectReference{Name: volume.Secret.SecretName},
			Items:                volume.Secret.Items, Optional: volume.Secret.Optional,
		}}}, volume.Secret.DefaultMode, true
	case volume.DownwardAPI != nil:
		return []corev1.VolumeProjection{{DownwardAPI: &corev1.DownwardAPIProjection{Items: volume.DownwardAPI.Items}}},
			volume.DownwardAPI.DefaultMode, true
	case volume.Projected != nil:
		return volume.Projected.Sources, volume.Projected.DefaultMode, true
	}
	return nil, nil, false
}

// files collects what a volume made of the API's objects holds; ok is false for other volumes.
func (v *Volumes) files(ctx context.Context, volume corev1.Volume) (payload map[string]file, ok bool, err error) {
	sources, mode, ok := projections(volume)
	payload = map[string]file{}
	for _, source := range sources {
		if err := v.addProjection(ctx, payload, volume.Name, source, mode); err != nil {
			return nil, ok, err
		}
	}
	return payload, ok, nil
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
	found, err := ConfigMap(ctx, v.client, v.pod.Namespace, source.Name, source.Optional)
	if err != nil || found == nil {
		return err
	}
	all := map[string][]byte{}
	for key, value := range found.Data {
		all[key] = []byte(value)
	}
	for key, value := range found.BinaryData {
		all[key] = value
	}
	return addItems(payload, all, source.Items, mode, source.Optional, "configmap references non-existent config key")
}

func (v *Volumes) addSecret(ctx context.Context, payload map[string]file, source corev1.SecretProjection, mode *int32) error {
	found, err := Secret(ctx, v.client, v.pod.Namespace, source.Name, source.Optional)
	if err != nil || found == nil {
		return err
	}
	return addItems(payload, found.Data, source.Items, mode, source.Optional, "references non-existent secret key")
}

// addItems adds all keys, or those that items name at their paths; missing says that there is no such key.
func addItems(payload map[string]file, all map[string][]byte, items []corev1.KeyToPath, mode *int32, optional *bool, missing string) error {
	if len(items) == 0 {
		for key, content := range all {
			payload[key] = file{content: content, mode: modeOf(mode, nil)}
		}
		return nil
	}
	for _, item := range items {
		content, present := all[item.Key]
		if present {
			payload[item.Path] = file{content: content, mode: modeOf(mode, item.Mode)}
		} else if optional == nil || !*optional {
			return fmt.Errorf("%s: %s", missing, item.Key)
		}
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
