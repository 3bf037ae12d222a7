// Package snapshots is what the lab's kubelet runs for the image of the snapshot controller that RKE2 packages: it binds each
// VolumeSnapshot to a content and copies back what the driver's side car says of that. Read from
// kubernetes-csi/external-snapshotter v8.5.0, pkg/common-controller.
package snapshots

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/passes"
)

func kind(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "snapshot.storage.k8s.io", Version: "v1", Resource: plural}
}

const (
	// ofSnapshot and ofContent keep both until what they stand for is gone.
	ofSnapshot = "snapshot.storage.kubernetes.io/volumesnapshot-bound-protection"
	ofContent  = "snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection"
)

type controller struct {
	client  kubernetes.Interface
	dynamic dynamic.Interface
}

// Run binds snapshots until ctx ends.
func Run(ctx context.Context, c program.Container) error {
	client, custom, err := c.Clients()
	if err != nil {
		return err
	}
	c.Ready(true)
	return passes.NewChanges().OverKinds(ctx, custom, time.Second, c.Logger, (&controller{client, custom}).pass,
		kind("volumesnapshots"), kind("volumesnapshotcontents"))
}

func (c *controller) pass(ctx context.Context) error {
	list, err := c.dynamic.Resource(kind("volumesnapshots")).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var failed error
	for i := range list.Items {
		failed = errors.Join(failed, c.reconcile(ctx, &list.Items[i]))
	}
	return failed
}

func (c *controller) reconcile(ctx context.Context, snapshot *unstructured.Unstructured) error {
	content, err := c.dynamic.Resource(kind("volumesnapshotcontents")).Get(ctx, contentName(snapshot), metav1.GetOptions{})
	missing := apierrors.IsNotFound(err)
	if err != nil && !missing {
		return err
	}
	if snapshot.GetDeletionTimestamp() != nil {
		return c.release(ctx, snapshot, content, missing)
	}
	if !slices.Contains(snapshot.GetFinalizers(), ofSnapshot) {
		snapshot.SetFinalizers(append(snapshot.GetFinalizers(), ofSnapshot))
		_, err := c.dynamic.Resource(kind("volumesnapshots")).Namespace(snapshot.GetNamespace()).Update(ctx, snapshot, metav1.UpdateOptions{})
		return err
	}
	if missing {
		return c.create(ctx, snapshot)
	}
	return c.tell(ctx, snapshot, content)
}

func contentName(snapshot *unstructured.Unstructured) string {
	return "snapcontent-" + string(snapshot.GetUID())
}

// create makes the content of a snapshot of a claim; of other sources the lab has none.
func (c *controller) create(ctx context.Context, snapshot *unstructured.Unstructured) error {
	name, found, _ := unstructured.NestedString(snapshot.Object, "spec", "source", "persistentVolumeClaimName")
	if !found {
		return fmt.Errorf("%s: the lab's controller makes snapshots of claims alone", snapshot.GetName())
	}
	claim, err := c.client.CoreV1().PersistentVolumeClaims(snapshot.GetNamespace()).Get(ctx, name, metav1.GetOptions{})
	if err != nil || claim.Spec.VolumeName == "" {
		return errors.Join(err, fmt.Errorf("the claim %s of snapshot %s is not bound", name, snapshot.GetName()))
	}
	volume, err := c.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	class, err := c.class(ctx, snapshot, volume.Spec.CSI.Driver)
	if err != nil {
		return err
	}
	_, err = c.dynamic.Resource(kind("volumesnapshotcontents")).Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshotContent",
		"metadata": map[string]any{"name": contentName(snapshot), "finalizers": []any{ofContent}},
		"spec": map[string]any{
			"driver": volume.Spec.CSI.Driver, "deletionPolicy": class.Object["deletionPolicy"], "volumeSnapshotClassName": class.GetName(),
			"source": map[string]any{"volumeHandle": volume.Spec.CSI.VolumeHandle},
			"volumeSnapshotRef": map[string]any{
				"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot", "name": snapshot.GetName(),
				"namespace": snapshot.GetNamespace(), "uid": string(snapshot.GetUID()),
			},
		},
	}}, metav1.CreateOptions{})
	return err
}

// class is the one that the snapshot names, which must be the driver's.
func (c *controller) class(ctx context.Context, snapshot *unstructured.Unstructured, driver string) (*unstructured.Unstructured, error) {
	name, _, _ := unstructured.NestedString(snapshot.Object, "spec", "volumeSnapshotClassName")
	if name == "" {
		return nil, fmt.Errorf("%s: the lab's controller wants a class named", snapshot.GetName())
	}
	class, err := c.dynamic.Resource(kind("volumesnapshotclasses")).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	if class.Object["driver"] != driver {
		return nil, fmt.Errorf("snapshot class %s is of driver %v, and the volume of %s", name, class.Object["driver"], driver)
	}
	return class, nil
}

// tell copies what is known of the content.
func (c *controller) tell(ctx context.Context, snapshot, content *unstructured.Unstructured) error {
	status := map[string]any{"boundVolumeSnapshotContentName": content.GetName(), "readyToUse": false}
	if ready, _, _ := unstructured.NestedBool(content.Object, "status", "readyToUse"); ready {
		status["readyToUse"] = true
		size, _, _ := unstructured.NestedInt64(content.Object, "status", "restoreSize")
		status["restoreSize"] = fmt.Sprint(size)
		made, _, _ := unstructured.NestedInt64(content.Object, "status", "creationTime")
		status["creationTime"] = time.Unix(0, made).UTC().Format(time.RFC3339)
	}
	if reflect.DeepEqual(snapshot.Object["status"], status) {
		return nil
	}
	snapshot.Object["status"] = status
	_, err := c.dynamic.Resource(kind("volumesnapshots")).Namespace(snapshot.GetNamespace()).UpdateStatus(ctx, snapshot, metav1.UpdateOptions{})
	return err
}

// release has the content go first, as its policy says.
func (c *controller) release(ctx context.Context, snapshot, content *unstructured.Unstructured, missing bool) error {
	if !missing {
		if content.GetDeletionTimestamp() == nil {
			return c.dynamic.Resource(kind("volumesnapshotcontents")).Delete(ctx, content.GetName(), metav1.DeleteOptions{})
		}
		return nil
	}
	snapshot.SetFinalizers(slices.DeleteFunc(snapshot.GetFinalizers(), func(one string) bool { return one == ofSnapshot }))
	_, err := c.dynamic.Resource(kind("volumesnapshots")).Namespace(snapshot.GetNamespace()).Update(ctx, snapshot, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
