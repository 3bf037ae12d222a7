package csi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// provision makes a volume for each claim of a class of this driver, and removes released ones.
func (s *sidecar) provision(ctx context.Context) error {
	claims, err := s.client.CoreV1().PersistentVolumeClaims("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var failed error
	for i := range claims.Items {
		claim := &claims.Items[i]
		if claim.Status.Phase != corev1.ClaimPending || claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil ||
			claim.Annotations["volume.kubernetes.io/storage-provisioner"] != s.driver || populated(claim) {
			continue
		}
		if err := s.make(ctx, claim); err != nil {
			s.recorder.Event(claim, corev1.EventTypeWarning, "ProvisioningFailed", err.Error())
			failed = errors.Join(failed, err)
		}
	}
	list, err := s.client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, volume := range list.Items {
		if volume.Spec.CSI == nil || volume.Spec.CSI.Driver != s.driver || volume.Status.Phase != corev1.VolumeReleased ||
			volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete {
			continue
		}
		failed = errors.Join(failed, s.drop(ctx, &volume))
	}
	return failed
}

// populated tells of a claim that somebody else is to make a volume for: the real side car takes a source that is neither a
// snapshot nor a claim for a populator's, and leaves it alone (external-provisioner, pkg/controller/controller.go).
func populated(claim *corev1.PersistentVolumeClaim) bool {
	from := claim.Spec.DataSourceRef
	return from != nil && from.Kind != "VolumeSnapshot" && from.Kind != "PersistentVolumeClaim"
}

// provisionerFinalizer keeps a volume in the API until it is gone (HonorPVReclaimPolicy, external-provisioner v5 and newer).
const provisionerFinalizer = "external-provisioner.volume.kubernetes.io/finalizer"

func (s *sidecar) make(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	class, err := s.client.StorageV1().StorageClasses().Get(ctx, *claim.Spec.StorageClassName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	// The driver's own check, in the words of ceph-csi: it asks a Ceph that has neither pool nor user.
	secret := class.Parameters["csi.storage.k8s.io/provisioner-secret-name"]
	if _, err := s.client.CoreV1().Secrets(class.Parameters["csi.storage.k8s.io/provisioner-secret-namespace"]).Get(ctx, secret, metav1.GetOptions{}); err != nil {
		return fmt.Errorf("error getting secret %s: %w", secret, err)
	}
	if claim.Spec.VolumeMode != nil && *claim.Spec.VolumeMode == corev1.PersistentVolumeBlock {
		return errors.New("the lab's driver makes no block devices")
	}
	if family(s.driver) == "rbd" && slices.Contains(claim.Spec.AccessModes, corev1.ReadWriteMany) {
		return errors.New("rpc error: code = InvalidArgument desc = multi node access modes are only supported on rbd `block` type volumes")
	}
	handle := "0001-0009-" + class.Parameters["clusterID"] + "-0000000000000001-" + string(claim.UID)
	source, err := s.source(ctx, claim)
	if err != nil {
		return err
	}
	if err := s.volumes.create(handle, source); err != nil {
		return err
	}
	attributes := map[string]string{"storage.kubernetes.io/csiProvisionerIdentity": "lab-" + s.driver}
	for key, value := range class.Parameters {
		if !strings.HasPrefix(key, "csi.storage.k8s.io/") {
			attributes[key] = value
		}
	}
	request := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	mode := corev1.PersistentVolumeFilesystem
	_, err = s.client.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name: "pvc-" + string(claim.UID), Finalizers: []string{provisionerFinalizer},
			Annotations: map[string]string{"pv.kubernetes.io/provisioned-by": s.driver},
		},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: corev1.ResourceList{corev1.ResourceStorage: request}, AccessModes: claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: *class.ReclaimPolicy, StorageClassName: class.Name, VolumeMode: &mode, MountOptions: class.MountOptions,
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{
				Driver: s.driver, VolumeHandle: handle, VolumeAttributes: attributes, FSType: class.Parameters["csi.storage.k8s.io/fstype"],
			}},
		},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// source is the folder that a claim wants to begin with, or empty.
func (s *sidecar) source(ctx context.Context, claim *corev1.PersistentVolumeClaim) (string, error) {
	from := claim.Spec.DataSource
	switch {
	case from == nil:
		return "", nil
	case from.Kind != "VolumeSnapshot":
		return "", fmt.Errorf("the lab's driver makes no volume from a %s", from.Kind)
	}
	found, err := s.dynamic.Resource(snapshots).Namespace(claim.Namespace).Get(ctx, from.Name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	if ready, _, _ := unstructured.NestedBool(found.Object, "status", "readyToUse"); !ready {
		return "", fmt.Errorf("snapshot %s is not Ready", from.Name)
	}
	name, _, _ := unstructured.NestedString(found.Object, "status", "boundVolumeSnapshotContentName")
	content, err := s.dynamic.Resource(snapshot).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	handle, _, _ := unstructured.NestedString(content.Object, "status", "snapshotHandle")
	return s.volumes.snapshot(handle), nil
}

func (s *sidecar) drop(ctx context.Context, volume *corev1.PersistentVolume) error {
	attachments, err := s.client.StorageV1().VolumeAttachments().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, one := range attachments.Items {
		if one.Spec.Source.PersistentVolumeName != nil && *one.Spec.Source.PersistentVolumeName == volume.Name {
			return fmt.Errorf("persistentvolume %s is still attached to node %s", volume.Name, one.Spec.NodeName)
		}
	}
	if err := s.volumes.remove(volume.Spec.CSI.VolumeHandle); err != nil {
		return err
	}
	if err := s.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	current, err := s.client.CoreV1().PersistentVolumes().Get(ctx, volume.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	current.Finalizers = slices.DeleteFunc(current.Finalizers, func(one string) bool { return one == provisionerFinalizer })
	_, err = s.client.CoreV1().PersistentVolumes().Update(ctx, current, metav1.UpdateOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
