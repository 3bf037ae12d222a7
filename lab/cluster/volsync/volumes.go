package volsync

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// meta is that of an object which VolSync makes for r, for good or for one sync.
func (r *replication) meta(name string, temporary bool) metav1.ObjectMeta {
	yes := true
	labels := map[string]string{createdBy: "volsync"}
	if temporary {
		labels[cleanup] = string(r.UID)
	}
	return metav1.ObjectMeta{
		Name: name, Namespace: r.Namespace, Labels: labels,
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: group + "/v1alpha1", Kind: r.Kind, Name: r.Name, UID: r.UID, Controller: &yes, BlockOwnerDeletion: &yes,
		}},
	}
}

// data is the claim that the mover sees; nil while it is not there yet.
func (m *manager) data(ctx context.Context, r *replication) (*corev1.PersistentVolumeClaim, error) {
	if r.source() {
		return m.copied(ctx, r)
	}
	if r.Spec.Restic.DestinationPVC != "" {
		return m.client.CoreV1().PersistentVolumeClaims(r.Namespace).Get(ctx, r.Spec.Restic.DestinationPVC, metav1.GetOptions{})
	}
	o := r.Spec.Restic
	if len(o.AccessModes) == 0 || o.Capacity == "" {
		return nil, fmt.Errorf("accessModes and capacity must be provided when destinationPVC is not")
	}
	return m.sized(ctx, r.meta(r.temporary(), o.CleanupTempPVC), corev1.PersistentVolumeClaimSpec{
		AccessModes: o.AccessModes, StorageClassName: optional(o.StorageClassName), Resources: request(o.Capacity),
	})
}

// temporary is the claim that a restore fills.
func (r *replication) temporary() string { return "volsync-" + r.Name + "-dest" }

// copied is a claim of a snapshot of the source, both of which are there for this sync alone.
func (m *manager) copied(ctx context.Context, r *replication) (*corev1.PersistentVolumeClaim, error) {
	o := r.Spec.Restic
	if o.CopyMethod != "Snapshot" {
		return nil, fmt.Errorf("the lab's VolSync copies sources by snapshots, not by %s", o.CopyMethod)
	}
	origin, err := m.client.CoreV1().PersistentVolumeClaims(r.Namespace).Get(ctx, r.Spec.SourcePVC, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	name := "volsync-" + r.Name + "-src"
	snapshot, err := m.snapshot(ctx, r.meta(name, true), origin.Name, o.VolumeSnapshotClassName)
	if err != nil || snapshot == nil {
		return nil, err
	}
	if ready, found, _ := unstructured.NestedBool(snapshot.Object, "status", "readyToUse"); found && !ready {
		return nil, nil
	}
	size, _, _ := unstructured.NestedString(snapshot.Object, "status", "restoreSize")
	if o.Capacity != "" {
		size = o.Capacity
	}
	modes, class := o.AccessModes, optional(o.StorageClassName)
	if len(modes) == 0 {
		modes = origin.Spec.AccessModes
	}
	if class == nil {
		class = origin.Spec.StorageClassName
	}
	group := snapshots.Group
	return m.claim(ctx, r.meta(name, true), corev1.PersistentVolumeClaimSpec{
		AccessModes: modes, StorageClassName: class, Resources: request(size),
		DataSource: &corev1.TypedLocalObjectReference{APIGroup: &group, Kind: "VolumeSnapshot", Name: name},
	})
}

// cache is the claim of restic's cache. What names no modes has those of the data, and no class the cluster's default.
func (m *manager) cache(ctx context.Context, r *replication, data *corev1.PersistentVolumeClaim) (*corev1.PersistentVolumeClaim, error) {
	o := r.Spec.Restic
	size, modes := o.CacheCapacity, o.CacheAccessModes
	if size == "" {
		size = "1Gi"
	}
	if len(modes) == 0 {
		modes = o.AccessModes
	}
	if len(modes) == 0 {
		modes = data.Spec.AccessModes
	}
	class := optional(o.CacheStorageClassName)
	if class == nil {
		class = optional(o.StorageClassName)
	}
	return m.sized(ctx, r.meta("volsync-"+r.side()+"-"+r.Name+"-cache", !r.source() && o.CleanupCachePVC),
		corev1.PersistentVolumeClaimSpec{AccessModes: modes, StorageClassName: class, Resources: request(size)})
}

// claim makes a claim where there is none of the name.
func (m *manager) claim(ctx context.Context, meta metav1.ObjectMeta, spec corev1.PersistentVolumeClaimSpec) (*corev1.PersistentVolumeClaim, error) {
	client := m.client.CoreV1().PersistentVolumeClaims(meta.Namespace)
	found, err := client.Get(ctx, meta.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return client.Create(ctx, &corev1.PersistentVolumeClaim{ObjectMeta: meta, Spec: spec}, metav1.CreateOptions{})
	}
	if err == nil && found.DeletionTimestamp != nil {
		return nil, nil
	}
	return found, err
}

// sized makes a claim where there is none of the name, and asks for its size again of one that is there, whether that can be or
// not (volumehandler.go, EnsureNewPVC): what the API server refuses ends the sync before its mover.
func (m *manager) sized(ctx context.Context, meta metav1.ObjectMeta, spec corev1.PersistentVolumeClaimSpec) (*corev1.PersistentVolumeClaim, error) {
	found, err := m.claim(ctx, meta, spec)
	if err != nil || found == nil || equality.Semantic.DeepEqual(found.Spec.Resources.Requests, spec.Resources.Requests) {
		return found, err
	}
	found.Spec.Resources.Requests = spec.Resources.Requests
	return m.client.CoreV1().PersistentVolumeClaims(meta.Namespace).Update(ctx, found, metav1.UpdateOptions{})
}

// snapshot makes one where there is none of the name; nil until it is bound.
func (m *manager) snapshot(ctx context.Context, meta metav1.ObjectMeta, claim, class string) (*unstructured.Unstructured, error) {
	client := m.dynamic.Resource(snapshots).Namespace(meta.Namespace)
	found, err := client.Get(ctx, meta.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		object := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot",
			"spec": map[string]any{"volumeSnapshotClassName": class, "source": map[string]any{"persistentVolumeClaimName": claim}},
		}}
		object.SetName(meta.Name)
		object.SetLabels(meta.Labels)
		object.SetOwnerReferences(meta.OwnerReferences)
		_, err = client.Create(ctx, object, metav1.CreateOptions{})
		return nil, err
	}
	if err != nil || found.GetDeletionTimestamp() != nil {
		return nil, err
	}
	if _, bound, _ := unstructured.NestedString(found.Object, "status", "boundVolumeSnapshotContentName"); !bound {
		return nil, nil
	}
	return found, nil
}

func request(size string) corev1.VolumeResourceRequirements {
	return corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(size)}}
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// snapshotName is the annotation of a restored claim by which its snapshot is called in one sync (volumehandler.go).
const snapshotName = group + "/snapname"

// keep makes of a restored claim what stays of the sync: the claim itself, or a snapshot of it as soon as that is bound.
func (m *manager) keep(ctx context.Context, r *replication, data *corev1.PersistentVolumeClaim) (*image, error) {
	switch r.Spec.Restic.CopyMethod {
	case "Direct", "None":
		return &image{Kind: "PersistentVolumeClaim", Name: data.Name}, nil
	case "Snapshot":
	default:
		return nil, fmt.Errorf("unsupported copyMethod: %s -- must be Direct, None, or Snapshot", r.Spec.Restic.CopyMethod)
	}
	name := data.Annotations[snapshotName]
	if name == "" {
		name = data.Name + "-" + m.now().UTC().Format("20060102150405")
		metav1.SetMetaDataAnnotation(&data.ObjectMeta, snapshotName, name)
		if _, err := m.client.CoreV1().PersistentVolumeClaims(r.Namespace).Update(ctx, data, metav1.UpdateOptions{}); err != nil {
			return nil, err
		}
	}
	found, err := m.snapshot(ctx, r.meta(name, false), data.Name, r.Spec.Restic.VolumeSnapshotClassName)
	if err != nil || found == nil {
		return nil, err
	}
	return &image{APIGroup: snapshots.Group, Kind: "VolumeSnapshot", Name: name}, nil
}

// forget lets the image before go, where it is another one.
func (m *manager) forget(ctx context.Context, r *replication, made *image) error {
	before := r.Status.LatestImage
	if before == nil || before.Kind != "VolumeSnapshot" || before.Name == made.Name {
		return nil
	}
	err := m.dynamic.Resource(snapshots).Namespace(r.Namespace).Delete(ctx, before.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// cleanUp removes what was there for one sync.
func (m *manager) cleanUp(ctx context.Context, r *replication) error {
	if !r.source() {
		if err := m.unname(ctx, r); err != nil {
			return err
		}
	}
	options := metav1.ListOptions{LabelSelector: cleanup + "=" + string(r.UID)}
	background := metav1.DeletePropagationBackground
	for _, kind := range cleaned {
		list, err := m.dynamic.Resource(kind).Namespace(r.Namespace).List(ctx, options)
		if err != nil {
			return err
		}
		for _, one := range list.Items {
			if one.GetDeletionTimestamp() != nil {
				continue
			}
			err := m.dynamic.Resource(kind).Namespace(r.Namespace).Delete(ctx, one.GetName(), metav1.DeleteOptions{PropagationPolicy: &background})
			if err != nil && !apierrors.IsNotFound(err) {
				return err
			}
		}
	}
	return nil
}

func (m *manager) unname(ctx context.Context, r *replication) error {
	name := r.Spec.Restic.DestinationPVC
	if name == "" {
		name = r.temporary()
	}
	found, err := m.client.CoreV1().PersistentVolumeClaims(r.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if _, named := found.Annotations[snapshotName]; err != nil || !named {
		return err
	}
	delete(found.Annotations, snapshotName)
	_, err = m.client.CoreV1().PersistentVolumeClaims(r.Namespace).Update(ctx, found, metav1.UpdateOptions{})
	return err
}
