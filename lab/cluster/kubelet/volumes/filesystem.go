package volumes

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// giveToGroup makes a volume's files those of the pod's fsGroup where the driver's fsGroupPolicy says so
// (https://kubernetes-csi.github.io/docs/support-fsgroup.html).
func (v *Volumes) giveToGroup(ctx context.Context, bound *corev1.PersistentVolume, path string) error {
	group := v.group()
	if group == nil {
		return nil
	}
	if source := bound.Spec.CSI; source != nil {
		driver, err := v.client.StorageV1().CSIDrivers().Get(ctx, source.Driver, metav1.GetOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
		policy := storagev1.ReadWriteOnceWithFSTypeFSGroupPolicy
		if err == nil && driver.Spec.FSGroupPolicy != nil {
			policy = *driver.Spec.FSGroupPolicy
		}
		once := source.FSType != "" && slices.Contains(bound.Spec.AccessModes, corev1.ReadWriteOnce)
		if policy == storagev1.NoneFSGroupPolicy || policy == storagev1.ReadWriteOnceWithFSTypeFSGroupPolicy && !once {
			return nil
		}
	}
	return filepath.WalkDir(path, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.Type()&os.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o660
		if entry.IsDir() {
			mode |= 0o110 | os.ModeSetgid
		}
		return errors.Join(os.Lchown(name, -1, int(*group)), os.Chmod(name, mode))
	})
}

// expand ends an expansion that waits for the node: the claim's capacity becomes the volume's
// (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims).
func (v *Volumes) expand(ctx context.Context, requested *corev1.PersistentVolumeClaim, bound *corev1.PersistentVolume) error {
	pending := func(c corev1.PersistentVolumeClaimCondition) bool {
		return c.Type == corev1.PersistentVolumeClaimFileSystemResizePending && c.Status == corev1.ConditionTrue
	}
	size := bound.Spec.Capacity[corev1.ResourceStorage]
	held := requested.Status.Capacity[corev1.ResourceStorage]
	if !slices.ContainsFunc(requested.Status.Conditions, pending) || size.Cmp(held) <= 0 {
		return nil
	}
	// Lists of the status are replaced by a merge patch: no condition of resizing is left.
	patch, err := json.Marshal(map[string]any{"status": map[string]any{
		"capacity":                  corev1.ResourceList{corev1.ResourceStorage: size},
		"conditions":                []any{},
		"allocatedResourceStatuses": nil,
	}})
	if err != nil {
		return err
	}
	_, err = v.client.CoreV1().PersistentVolumeClaims(requested.Namespace).Patch(ctx, requested.Name,
		types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}
