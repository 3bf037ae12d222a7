package tailscale

import (
	"context"
	"errors"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// each makes a pass over every object of a kind, and tells it how many there are; one that fails does not hold up the others.
func (o *operator) each(
	ctx context.Context, resource schema.GroupVersionResource, singular string, pass func(object *unstructured.Unstructured, all int) error,
) error {
	found, err := o.dynamic.Resource(resource).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("%s: %w", resource.Resource, err)
	}
	var failed []error
	for i := range found.Items {
		if err := pass(&found.Items[i], len(found.Items)); err != nil {
			failed = append(failed, fmt.Errorf("%s %s: %w", singular, found.Items[i].GetName(), err))
		}
	}
	return errors.Join(failed...)
}

// hold puts the operator's finalizer on an object, and returns it as it is then. One that is being deleted is let go, and nil.
func (o *operator) hold(
	ctx context.Context, resource schema.GroupVersionResource, object *unstructured.Unstructured,
) (*unstructured.Unstructured, error) {
	has, deleted := slices.Contains(object.GetFinalizers(), finalizer), object.GetDeletionTimestamp() != nil
	switch {
	case deleted && has:
		object.SetFinalizers(slices.DeleteFunc(object.GetFinalizers(), func(one string) bool { return one == finalizer }))
		_, err := o.dynamic.Resource(resource).Update(ctx, object, metav1.UpdateOptions{})
		return nil, err
	case deleted:
		return nil, nil
	case has:
		return object, nil
	}
	object.SetFinalizers(append(object.GetFinalizers(), finalizer))
	return o.dynamic.Resource(resource).Update(ctx, object, metav1.UpdateOptions{})
}

// putStatus replaces an object's status by that of its typed form.
func (o *operator) putStatus(
	ctx context.Context, resource schema.GroupVersionResource, object *unstructured.Unstructured, typed any,
) error {
	encoded, err := encode(typed)
	if err != nil {
		return err
	}
	if err := unstructured.SetNestedField(object.Object, encoded.Object["status"], "status"); err != nil {
		return err
	}
	_, err = o.dynamic.Resource(resource).UpdateStatus(ctx, object, metav1.UpdateOptions{})
	return err
}
