package volsync

import (
	"context"
	"encoding/json"
	"errors"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// populate makes volumes of claims that begin with what a ReplicationDestination has restored
// (internal/controller/volumepopulator_controller.go): a second claim, of the snapshot, gets a volume, which is then bound to
// the first. Without the destination, or before it has restored anything, the claim waits, for ever if need be.
func (m *manager) populate(ctx context.Context) error {
	list, err := m.client.CoreV1().PersistentVolumeClaims("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var failed error
	for i := range list.Items {
		claim := &list.Items[i]
		from := claim.Spec.DataSourceRef
		if from == nil || from.APIGroup == nil || *from.APIGroup != group || from.Kind != "ReplicationDestination" || claim.DeletionTimestamp != nil {
			continue
		}
		failed = errors.Join(failed, m.fill(ctx, claim))
	}
	return failed
}

func (m *manager) fill(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	client := m.client.CoreV1().PersistentVolumeClaims(claim.Namespace)
	prime, err := client.Get(ctx, "vs-prime-"+string(claim.UID), metav1.GetOptions{})
	missing := apierrors.IsNotFound(err)
	if err != nil && !missing {
		return err
	}
	if claim.Spec.VolumeName == "" {
		if missing {
			return m.prime(ctx, claim)
		}
		return m.rebind(ctx, claim, prime)
	}
	if missing || prime.Status.Phase != corev1.ClaimLost || prime.DeletionTimestamp != nil {
		return nil
	}
	m.recorder.Event(claim, corev1.EventTypeNormal, "VolSyncPVCPopulatorFinished", "Populator finished")
	return client.Delete(ctx, prime.Name, metav1.DeleteOptions{})
}

func (m *manager) prime(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	name := claim.Spec.DataSourceRef.Name
	destination, err := m.dynamic.Resource(destinations).Namespace(claim.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		m.recorder.Eventf(claim, corev1.EventTypeWarning, "VolSyncPopulatorReplicationDestinationMissing", "Unable to populate volume: %s", err)
		return nil
	}
	if err != nil {
		return err
	}
	restored, found, _ := unstructured.NestedStringMap(destination.Object, "status", "latestImage")
	if !found {
		m.recorder.Event(claim, corev1.EventTypeWarning, "VolSyncPopulatorReplicationDestinationNoLatestImage",
			"Unable to populate volume, waiting for replicationdestination to have latestImage")
		return nil
	}
	if restored["kind"] != "VolumeSnapshot" {
		m.recorder.Event(claim, corev1.EventTypeWarning, "VolSyncPVCPopulatorError",
			"Unable to populate volume: ReplicationDestination latestImage is not a volumesnapshot")
		return nil
	}
	// A snapshot that somebody has deleted is an error, tried again for ever.
	if _, err := m.dynamic.Resource(snapshots).Namespace(claim.Namespace).Get(ctx, restored["name"], metav1.GetOptions{}); err != nil {
		return err
	}
	yes, kind := true, snapshots.Group
	_, err = m.client.CoreV1().PersistentVolumeClaims(claim.Namespace).Create(ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{
			Name: "vs-prime-" + string(claim.UID), Labels: map[string]string{createdBy: "volsync", group + "/populator-pvc-for": claim.Name},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Name: claim.Name, UID: claim.UID, Controller: &yes, BlockOwnerDeletion: &yes,
			}},
		},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: claim.Spec.AccessModes, Resources: claim.Spec.Resources, StorageClassName: claim.Spec.StorageClassName, VolumeMode: claim.Spec.VolumeMode,
			DataSourceRef: &corev1.TypedObjectReference{APIGroup: &kind, Kind: "VolumeSnapshot", Name: restored["name"]},
		},
	}, metav1.CreateOptions{})
	return err
}

// rebind gives the second claim's volume to the first; Kubernetes' own binder sees the rest done.
func (m *manager) rebind(ctx context.Context, claim, prime *corev1.PersistentVolumeClaim) error {
	if prime.Spec.VolumeName == "" {
		return nil
	}
	volume, err := m.client.CoreV1().PersistentVolumes().Get(ctx, prime.Spec.VolumeName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if of := volume.Spec.ClaimRef; of != nil && of.Name == claim.Name && of.Namespace == claim.Namespace && of.UID == claim.UID {
		return nil
	}
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"annotations": map[string]string{group + "/populated-from": claim.Namespace + "/" + prime.Spec.DataSourceRef.Name}},
		"spec": map[string]any{"claimRef": map[string]string{
			"namespace": claim.Namespace, "name": claim.Name, "uid": string(claim.UID), "resourceVersion": claim.ResourceVersion,
		}},
	})
	if err != nil {
		return err
	}
	_, err = m.client.CoreV1().PersistentVolumes().Patch(ctx, volume.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{})
	return err
}
