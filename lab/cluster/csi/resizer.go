package csi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// resize grows volumes; a file system of a block volume grows when it is mounted next, and its claim says so until then.
func (s *sidecar) resize(ctx context.Context) error {
	claims, err := s.client.CoreV1().PersistentVolumeClaims("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var failed error
	for _, claim := range claims.Items {
		wanted, has := claim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
		if claim.Status.Phase != corev1.ClaimBound || wanted.Cmp(has) <= 0 {
			continue
		}
		volume, err := s.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if volume.Spec.CSI == nil || volume.Spec.CSI.Driver != s.driver {
			continue
		}
		failed = errors.Join(failed, s.grow(ctx, &claim, volume))
	}
	return failed
}

func (s *sidecar) grow(ctx context.Context, claim *corev1.PersistentVolumeClaim, volume *corev1.PersistentVolume) error {
	wanted := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	if has := volume.Spec.Capacity[corev1.ResourceStorage]; wanted.Cmp(has) > 0 {
		body := fmt.Appendf(nil, `{"spec":{"capacity":{"storage":%q}}}`, wanted.String())
		if _, err := s.client.CoreV1().PersistentVolumes().Patch(ctx, volume.Name, types.MergePatchType, body, metav1.PatchOptions{}); err != nil {
			return err
		}
	}
	status := map[string]any{"capacity": map[string]any{"storage": wanted.String()}, "conditions": []any{}}
	if family(s.driver) == "rbd" {
		pending := slices.ContainsFunc(claim.Status.Conditions, func(one corev1.PersistentVolumeClaimCondition) bool {
			return one.Type == corev1.PersistentVolumeClaimFileSystemResizePending
		})
		if pending {
			return nil
		}
		status = map[string]any{"conditions": []any{map[string]any{
			"type": "FileSystemResizePending", "status": "True", "lastTransitionTime": metav1.Now(),
			"message": "Waiting for user to (re-)start a pod to finish file system resize of volume on node.",
		}}}
	}
	body, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	_, err = s.client.CoreV1().PersistentVolumeClaims(claim.Namespace).Patch(ctx, claim.Name, types.MergePatchType, body, metav1.PatchOptions{}, "status")
	return err
}
