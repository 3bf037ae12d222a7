package csi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/passes"
)

// Kinds of snapshots (kubernetes-csi/external-snapshotter v8).
var (
	snapshots = schema.GroupVersionResource{Group: "snapshot.storage.k8s.io", Version: "v1", Resource: "volumesnapshots"}
	snapshot  = schema.GroupVersionResource{Group: "snapshot.storage.k8s.io", Version: "v1", Resource: "volumesnapshotcontents"}
)

// sidecar is one of a driver's controllers.
type sidecar struct {
	driver   string
	client   kubernetes.Interface
	dynamic  dynamic.Interface
	volumes  volumes
	recorder record.EventRecorder
}

// RunProvisioner binds claims of the driver's classes, and removes volumes that nobody claims any more.
func RunProvisioner(ctx context.Context, c program.Container) error {
	return run(ctx, c, (*sidecar).provision, core("persistentvolumeclaims"), core("persistentvolumes"), storage("storageclasses"))
}

// RunResizer makes volumes as large as their claims.
func RunResizer(ctx context.Context, c program.Container) error {
	return run(ctx, c, (*sidecar).resize, core("persistentvolumeclaims"), core("persistentvolumes"))
}

// RunAttacher lets nodes use the driver's volumes.
func RunAttacher(ctx context.Context, c program.Container) error {
	return run(ctx, c, (*sidecar).attach, storage("volumeattachments"))
}

// RunSnapshotter makes snapshots of the driver's volumes.
func RunSnapshotter(ctx context.Context, c program.Container) error {
	return run(ctx, c, (*sidecar).snapshot, snapshot)
}

func core(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: plural}
}

func storage(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "storage.k8s.io", Version: "v1", Resource: plural}
}

// run works while it holds the lease of its kind, as one of several replicas.
func run(ctx context.Context, c program.Container, pass func(*sidecar, context.Context) error, kinds ...schema.GroupVersionResource) error {
	client, custom, err := c.Clients()
	if err != nil {
		return err
	}
	name := c.Env["DRIVER_NAME"]
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	defer broadcaster.Shutdown()
	s := &sidecar{
		driver: name, client: client, dynamic: custom, volumes: volumes{Root, name},
		recorder: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: name}),
	}
	c.Ready(true)
	failed := make(chan error, 1)
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Name: strings.ReplaceAll(name, ".", "-") + "-" + c.Spec.Name, Namespace: c.Pod.Namespace},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: c.Env["POD_NAME"]},
		},
		// The drivers' operator sets 137, 107 and 26 s (ceph-csi-operator, internal/controller/defaults.go).
		LeaseDuration: 20 * time.Second, RenewDeadline: 15 * time.Second, RetryPeriod: 5 * time.Second, ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(ctx context.Context) {
				failed <- passes.OverKinds(ctx, custom, again, c.Logger, func(ctx context.Context) error { return pass(s, ctx) }, kinds...)
			},
			OnStoppedLeading: func() {},
		},
	})
	if ctx.Err() != nil {
		return nil
	}
	select {
	case err := <-failed:
		return err
	default:
		return errors.New("lost the lease")
	}
}

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
			claim.Annotations["volume.kubernetes.io/storage-provisioner"] != s.driver {
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

// resize grows volumes; a file system of a block volume grows when it is mounted next, and its claim says so until then.
func (s *sidecar) resize(ctx context.Context) error {
	claims, err := s.client.CoreV1().PersistentVolumeClaims("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var failed error
	for _, claim := range claims.Items {
		wanted, has := claim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
		if claim.Status.Phase != corev1.ClaimBound || wanted.Cmp(has) <= 0 {
			continue
		}
		volume, err := s.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if volume.Spec.CSI == nil || volume.Spec.CSI.Driver != s.driver {
			continue
		}
		failed = errors.Join(failed, s.grow(ctx, &claim, volume))
	}
	return failed
}

func (s *sidecar) grow(ctx context.Context, claim *corev1.PersistentVolumeClaim, volume *corev1.PersistentVolume) error {
	wanted := claim.Spec.Resources.Requests[corev1.ResourceStorage]
	if has := volume.Spec.Capacity[corev1.ResourceStorage]; wanted.Cmp(has) > 0 {
		body := fmt.Appendf(nil, `{"spec":{"capacity":{"storage":%q}}}`, wanted.String())
		if _, err := s.client.CoreV1().PersistentVolumes().Patch(ctx, volume.Name, types.MergePatchType, body, metav1.PatchOptions{}); err != nil {
			return err
		}
	}
	status := map[string]any{"capacity": map[string]any{"storage": wanted.String()}, "conditions": []any{}}
	if family(s.driver) == "rbd" {
		pending := slices.ContainsFunc(claim.Status.Conditions, func(one corev1.PersistentVolumeClaimCondition) bool {
			return one.Type == corev1.PersistentVolumeClaimFileSystemResizePending
		})
		if pending {
			return nil
		}
		status = map[string]any{"conditions": []any{map[string]any{
			"type": "FileSystemResizePending", "status": "True", "lastTransitionTime": metav1.Now(),
			"message": "Waiting for user to (re-)start a pod to finish file system resize of volume on node.",
		}}}
	}
	body, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	_, err = s.client.CoreV1().PersistentVolumeClaims(claim.Namespace).Patch(ctx, claim.Name, types.MergePatchType, body, metav1.PatchOptions{}, "status")
	return err
}

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
