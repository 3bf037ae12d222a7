package csi

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// attach answers the attach/detach controller (kubernetes-csi/external-attacher).
func (s *sidecar) attach(ctx context.Context) error {
	list, err := s.client.StorageV1().VolumeAttachments().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	finalizer := "external-attacher/" + strings.NewReplacer("/", "-", ".", "-").Replace(s.driver)
	var failed error
	for i := range list.Items {
		one := &list.Items[i]
		if one.Spec.Attacher != s.driver {
			continue
		}
		failed = errors.Join(failed, s.answer(ctx, one, finalizer))
	}
	return failed
}

func (s *sidecar) answer(ctx context.Context, one *storagev1.VolumeAttachment, finalizer string) error {
	has := slices.Contains(one.Finalizers, finalizer)
	switch {
	case one.DeletionTimestamp != nil && has:
		return s.finalizers(ctx, one, slices.DeleteFunc(slices.Clone(one.Finalizers), func(other string) bool { return other == finalizer }))
	case one.DeletionTimestamp != nil:
		return nil
	case !has:
		return s.finalizers(ctx, one, append(slices.Clone(one.Finalizers), finalizer))
	case one.Status.Attached:
		return nil
	}
	_, err := s.client.StorageV1().VolumeAttachments().Patch(ctx, one.Name, types.MergePatchType, []byte(`{"status":{"attached":true}}`), metav1.PatchOptions{}, "status")
	return err
}

func (s *sidecar) finalizers(ctx context.Context, one *storagev1.VolumeAttachment, list []string) error {
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"finalizers": list, "resourceVersion": one.ResourceVersion}})
	if err != nil {
		return err
	}
	_, err = s.client.StorageV1().VolumeAttachments().Patch(ctx, one.Name, types.MergePatchType, body, metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
