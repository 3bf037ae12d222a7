package main

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/argoproj/gitops-engine/pkg/cache"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// delete deletes what an Application has brought, where a finalizer of its says so, and then lets it go
// (finalizeApplicationDeletion).
func (c *controller) delete(ctx context.Context, app application) (time.Duration, error) {
	policy, cascades := metav1.DeletePropagationForeground, false
	for _, finalizer := range app.Metadata.Finalizers {
		cascades = cascades || finalizer == cascadeFinalizer || finalizer == backgroundFinalizer
		if finalizer == backgroundFinalizer {
			policy = metav1.DeletePropagationBackground
		}
	}
	if !cascades {
		return 0, nil
	}
	all, err := c.cluster.GetManagedLiveObjs(nil, func(one *cache.Resource) bool { return one.Info == app.Metadata.Name })
	if err != nil {
		return 0, err
	}
	left := 0
	for _, object := range all {
		stays := strings.Contains(object.GetAnnotations()[common.AnnotationSyncOptions], common.SyncOptionDisableDeletion)
		if stays || len(object.GetOwnerReferences()) > 0 {
			continue
		}
		left++
		if object.GetDeletionTimestamp() != nil {
			continue
		}
		options := metav1.DeleteOptions{PropagationPolicy: &policy}
		err := c.kubectl.DeleteResource(ctx, c.clients.config, object.GroupVersionKind(), object.GetName(), object.GetNamespace(), options)
		if err != nil && !apierrors.IsNotFound(err) {
			return 0, err
		}
	}
	if left > 0 {
		return time.Second, nil
	}
	kept := slices.DeleteFunc(slices.Clone(app.Metadata.Finalizers), func(one string) bool {
		return one == cascadeFinalizer || one == backgroundFinalizer
	})
	content, err := json.Marshal(map[string]any{"metadata": map[string]any{"finalizers": kept}})
	if err != nil {
		return 0, err
	}
	_, err = c.applications().Patch(ctx, app.Metadata.Name, types.MergePatchType, content, metav1.PatchOptions{})
	return 0, err
}
