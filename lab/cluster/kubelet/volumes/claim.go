package volumes

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// claim is a mounted PersistentVolumeClaim.
type claim struct {
	path     string
	readOnly bool
	// version is the claim's when it was set up.
	version string
}

// claimName is the name of the claim behind a volume; empty for other volumes. A generic ephemeral
// volume's claim is named after pod and volume.
func claimName(pod *corev1.Pod, volume corev1.Volume) string {
	switch {
	case volume.PersistentVolumeClaim != nil:
		return volume.PersistentVolumeClaim.ClaimName
	case volume.Ephemeral != nil:
		return pod.Name + "-" + volume.Name
	}
	return ""
}

// setUpClaims brings mounted claims up to date, which a node may read and not watch.
func (v *Volumes) setUpClaims(ctx context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.each(func(volume corev1.Volume) error {
		if _, mounted := v.claims[volume.Name]; !mounted {
			return nil
		}
		return v.setUpClaim(ctx, volume)
	})
}

// setUpClaim finds the volume behind a claim, once it is bound and attached, and again once the claim has changed.
func (v *Volumes) setUpClaim(ctx context.Context, volume corev1.Volume) error {
	name := claimName(v.pod, volume)
	if name == "" {
		return fmt.Errorf("no volume plugin matched: the lab's kubelet has emptyDir, configMap, secret, projected, downwardAPI, hostPath and claims")
	}
	requested, err := v.client.CoreV1().PersistentVolumeClaims(v.pod.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("persistentvolumeclaim %q not found", name)
	}
	if err != nil {
		return err
	}
	before, mounted := v.claims[volume.Name]
	if mounted && before.version == requested.ResourceVersion {
		return nil
	}
	if requested.Status.Phase != corev1.ClaimBound || requested.Spec.VolumeName == "" {
		return fmt.Errorf("error processing PVC %s/%s: PVC is not bound", v.pod.Namespace, name)
	}
	bound, err := v.client.CoreV1().PersistentVolumes().Get(ctx, requested.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if bound.Spec.ClaimRef == nil || bound.Spec.ClaimRef.UID != requested.UID {
		return fmt.Errorf("error processing PVC %s/%s: volume %s is bound to another claim", v.pod.Namespace, name, bound.Name)
	}
	if bound.Spec.VolumeMode != nil && *bound.Spec.VolumeMode == corev1.PersistentVolumeBlock {
		return fmt.Errorf("volume %s: the lab's kubelet has no block volumes", bound.Name)
	}
	found, err := v.source(ctx, bound)
	if err != nil {
		return err
	}
	readOnly := volume.PersistentVolumeClaim != nil && volume.PersistentVolumeClaim.ReadOnly
	found.readOnly = found.readOnly || readOnly || slices.Equal(bound.Spec.AccessModes, []corev1.PersistentVolumeAccessMode{corev1.ReadOnlyMany})
	if !mounted && !found.readOnly {
		if err := v.giveToGroup(ctx, bound, found.path); err != nil {
			return err
		}
	}
	if err := v.expand(ctx, requested, bound); err != nil {
		return err
	}
	found.version = requested.ResourceVersion
	v.claims[volume.Name] = found
	return nil
}

// source is where the content of a volume lies.
func (v *Volumes) source(ctx context.Context, bound *corev1.PersistentVolume) (claim, error) {
	switch {
	case bound.Spec.CSI != nil:
		return v.csi(ctx, bound.Spec.CSI)
	case bound.Spec.Local != nil:
		_, err := os.Stat(bound.Spec.Local.Path)
		return claim{path: bound.Spec.Local.Path}, err
	case bound.Spec.HostPath != nil:
		return claim{path: bound.Spec.HostPath.Path}, hostPath(bound.Spec.HostPath)
	}
	return claim{}, fmt.Errorf("no volume plugin matched volume %s: the lab's kubelet has CSI, local and hostPath volumes", bound.Name)
}

// csi checks that the driver is on this node and the volume attached to it, as the kubelet's CSI plugin
// does. The content is a directory of the lab that all machines share, made by the driver's provisioner.
func (v *Volumes) csi(ctx context.Context, source *corev1.CSIPersistentVolumeSource) (claim, error) {
	node, err := v.client.StorageV1().CSINodes().Get(ctx, v.node.Name, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return claim{}, err
	}
	named := func(driver storagev1.CSINodeDriver) bool { return driver.Name == source.Driver }
	if err != nil || !slices.ContainsFunc(node.Spec.Drivers, named) {
		return claim{}, fmt.Errorf("kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: "+
			"driver name %s not found in the list of registered CSI drivers", source.Driver)
	}
	found := claim{path: filepath.Join(v.node.Shared, source.Driver, strings.ReplaceAll(source.VolumeHandle, "/", "_")), readOnly: source.ReadOnly}
	attach, err := v.attachable(ctx, source.Driver)
	if err != nil {
		return claim{}, err
	}
	if attach {
		v.inUse[corev1.UniqueVolumeName("kubernetes.io/csi/"+source.Driver+"^"+source.VolumeHandle)] = true
		if err := v.attached(ctx, source); err != nil {
			return claim{}, err
		}
	}
	if _, err := os.Stat(found.path); err != nil {
		return claim{}, fmt.Errorf("rpc error: code = NotFound desc = volume %s not found", source.VolumeHandle)
	}
	return found, nil
}

func (v *Volumes) attachable(ctx context.Context, driver string) (bool, error) {
	found, err := v.client.StorageV1().CSIDrivers().Get(ctx, driver, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	return err == nil && (found.Spec.AttachRequired == nil || *found.Spec.AttachRequired), err
}

// attached reads the attach controller's VolumeAttachment, whose name is made of all that it is for
// (getAttachmentName, pkg/volume/csi/csi_attacher.go).
func (v *Volumes) attached(ctx context.Context, source *corev1.CSIPersistentVolumeSource) error {
	name := fmt.Sprintf("csi-%x", sha256.Sum256([]byte(source.VolumeHandle+source.Driver+v.node.Name)))
	attachment, err := v.client.StorageV1().VolumeAttachments().Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err) || apierrors.IsForbidden(err):
		return fmt.Errorf("volume %s has no VolumeAttachment for node %s yet", source.VolumeHandle, v.node.Name)
	case err != nil:
		return err
	case attachment.DeletionTimestamp != nil:
		return fmt.Errorf("volume attachment is being deleted")
	case attachment.Status.AttachError != nil:
		return errors.New(attachment.Status.AttachError.Message)
	case !attachment.Status.Attached:
		return fmt.Errorf("volume %s is not attached to node %s yet", source.VolumeHandle, v.node.Name)
	}
	return nil
}

// InUse are the attachable volumes that the pod wants or has, as the node's status names them.
func (v *Volumes) InUse() []corev1.UniqueVolumeName {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Sorted(maps.Keys(v.inUse))
}
