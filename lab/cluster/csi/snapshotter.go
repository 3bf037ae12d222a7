package csi

import (
	"context"
	"errors"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// snapshot copies volumes for contents of this driver, and forgets what is to go (csi-snapshotter).
func (s *sidecar) snapshot(ctx context.Context) error {
	list, err := s.dynamic.Resource(snapshot).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var failed error
	for i := range list.Items {
		one := &list.Items[i]
		if name, _, _ := unstructured.NestedString(one.Object, "spec", "driver"); name != s.driver {
			continue
		}
		if one.GetDeletionTimestamp() != nil {
			failed = errors.Join(failed, s.forget(ctx, one))
		} else if _, found, _ := unstructured.NestedString(one.Object, "status", "snapshotHandle"); !found {
			failed = errors.Join(failed, s.keep(ctx, one))
		}
	}
	return failed
}

// contentFinalizer is the snapshot controller's, which the side car takes off once the snapshot is gone.
const contentFinalizer = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"

func (s *sidecar) keep(ctx context.Context, content *unstructured.Unstructured) error {
	volume, _, _ := unstructured.NestedString(content.Object, "spec", "source", "volumeHandle")
	handle := "0001-0009-snap-" + string(content.GetUID())
	if err := s.volumes.keep(volume, handle); err != nil {
		return err
	}
	now := time.Now()
	_ = unstructured.SetNestedMap(content.Object, map[string]any{
		"snapshotHandle": handle, "readyToUse": true, "creationTime": now.UnixNano(), "restoreSize": int64(1 << 30),
	}, "status")
	_, err := s.dynamic.Resource(snapshot).UpdateStatus(ctx, content, metav1.UpdateOptions{})
	return err
}

func (s *sidecar) forget(ctx context.Context, content *unstructured.Unstructured) error {
	if !slices.Contains(content.GetFinalizers(), contentFinalizer) {
		return nil
	}
	policy, _, _ := unstructured.NestedString(content.Object, "spec", "deletionPolicy")
	handle, found, _ := unstructured.NestedString(content.Object, "status", "snapshotHandle")
	if found && policy == "Delete" {
		if err := s.volumes.forget(handle); err != nil {
			return err
		}
	}
	content.SetFinalizers(slices.DeleteFunc(content.GetFinalizers(), func(one string) bool { return one == contentFinalizer }))
	_, err := s.dynamic.Resource(snapshot).Update(ctx, content, metav1.UpdateOptions{})
	return err
}
