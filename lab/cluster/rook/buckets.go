package rook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"homelab/lab/cluster/operators"
)

// bucketFinalizer is that of the library by which Rook makes buckets (kube-object-storage/lib-bucket-provisioner).
const bucketFinalizer = "objectbucket.io/finalizer"

type bucketClaim struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		BucketName         string            `json:"bucketName"`
		GenerateBucketName string            `json:"generateBucketName"`
		StorageClassName   string            `json:"storageClassName"`
		ObjectBucketName   string            `json:"objectBucketName"`
		AdditionalConfig   map[string]string `json:"additionalConfig"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

// reconcileBuckets serves claims of classes whose provisioner is this operator.
func (w *work) reconcileBuckets(ctx context.Context) error {
	list, err := w.dynamic.Resource(bucketClaims).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var failed error
	for i := range list.Items {
		claim, err := decode[bucketClaim](&list.Items[i])
		if err != nil {
			return err
		}
		if claim.DeletionTimestamp != nil {
			failed = errors.Join(failed, w.removeBucket(ctx, claim))
		} else if claim.Status.Phase != "Bound" {
			failed = errors.Join(failed, w.makeBucket(ctx, claim))
		}
	}
	return failed
}

// bucketProvisioner is the name that classes have which this operator serves, in whatever namespace their claims are (rook,
// pkg/operator/ceph/object/objectstore.go, GetObjectBucketProvisioner).
func (w *work) bucketProvisioner(settings map[string]string) string {
	const name = "ceph.rook.io/bucket"
	if prefix := settings["ROOK_OBC_PROVISIONER_NAME_PREFIX"]; prefix != "" {
		return prefix + "." + name
	}
	if settings["ROOK_OBC_WATCH_OPERATOR_NAMESPACE"] == "true" {
		return w.namespace + "." + name
	}
	return name
}

// checkAdditional says why Rook would not make a bucket: by a field that its operator does not let through, by a limit that is no
// quantity, or by rules of age that it cannot read (rook, pkg/operator/ceph/object/bucket/util.go, additionalConfigSpecFromMap;
// provisioner.go, setBucketLifecycle). What RGW makes of the rules is not played.
func checkAdditional(config map[string]string, allowed string) error {
	for _, key := range slices.Sorted(maps.Keys(config)) {
		if !slices.Contains(strings.Split(allowed, ","), key) {
			return fmt.Errorf("OBC config %q is not allowed", key)
		}
		switch key {
		case "maxObjects", "maxSize", "bucketMaxObjects", "bucketMaxSize":
			if _, err := resource.ParseQuantity(config[key]); err != nil {
				return fmt.Errorf("failed to parse %s quota: %w", key, err)
			}
		case "bucketLifecycle":
			var rules struct{ Rules []map[string]any }
			if err := json.Unmarshal([]byte(config[key]), &rules); err != nil {
				return fmt.Errorf("failed to unmarshal lifecycle configuration: %w", err)
			}
		}
	}
	return nil
}

// makeBucket makes the bucket with a user of its own, and tells its claim by a ConfigMap and a Secret.
func (w *work) makeBucket(ctx context.Context, claim *bucketClaim) error {
	class, err := w.client.StorageV1().StorageClasses().Get(ctx, claim.Spec.StorageClassName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	config, err := w.client.CoreV1().ConfigMaps(w.namespace).Get(ctx, "rook-ceph-operator-config", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if class.Provisioner != w.bucketProvisioner(config.Data) {
		return nil
	}
	if err := checkAdditional(claim.Spec.AdditionalConfig, config.Data["ROOK_OBC_ALLOW_ADDITIONAL_CONFIG_FIELDS"]); err != nil {
		return err
	}
	store := class.Parameters["objectStoreName"]
	found, err := w.dynamic.Resource(ceph(stores)).Namespace(w.namespace).Get(ctx, store, metav1.GetOptions{})
	if err != nil {
		return err
	}
	object, err := decode[child](found)
	if err != nil || object.Status.Phase != "Ready" {
		return errors.Join(err, fmt.Errorf("the object store %s is not Ready", store))
	}
	name := claim.Spec.BucketName
	if name == "" {
		name = claim.Spec.GenerateBucketName + "-" + string(claim.UID)
	}
	bucket := &Bucket{Store: store, Access: strings.ReplaceAll(uuid.NewString(), "-", "")[:20], Secret: uuid.NewString()}
	err = w.change(ctx, func(s *State) error {
		if known, there := s.Buckets[name]; there {
			bucket = known
		} else {
			s.Buckets[name] = bucket
		}
		return nil
	})
	if err != nil {
		return err
	}
	meta := metav1.ObjectMeta{Name: claim.Name, Namespace: claim.Namespace, Finalizers: []string{bucketFinalizer}, OwnerReferences: []metav1.OwnerReference{{
		APIVersion: claim.APIVersion, Kind: claim.Kind, Name: claim.Name, UID: claim.UID,
	}}}
	_, err = w.client.CoreV1().Secrets(claim.Namespace).Create(ctx, &corev1.Secret{ObjectMeta: meta, StringData: map[string]string{
		"AWS_ACCESS_KEY_ID": bucket.Access, "AWS_SECRET_ACCESS_KEY": bucket.Secret,
	}}, metav1.CreateOptions{})
	if operators.Made(err) != nil {
		return err
	}
	_, err = w.client.CoreV1().ConfigMaps(claim.Namespace).Create(ctx, &corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{
		"BUCKET_HOST": gatewayHost(store, w.namespace), "BUCKET_PORT": fmt.Sprint(object.Spec.Gateway.Port), "BUCKET_NAME": name,
		"BUCKET_REGION": class.Parameters["region"], "BUCKET_SUBREGION": "",
	}}, metav1.CreateOptions{})
	if operators.Made(err) != nil {
		return err
	}
	volume := "obc-" + claim.Namespace + "-" + claim.Name
	_, err = w.dynamic.Resource(buckets).Create(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "objectbucket.io/v1alpha1", "kind": "ObjectBucket", "metadata": map[string]any{"name": volume},
		"spec": map[string]any{
			"storageClassName": class.Name, "reclaimPolicy": string(*class.ReclaimPolicy),
			"claimRef": map[string]any{"name": claim.Name, "namespace": claim.Namespace, "uid": string(claim.UID)},
			"endpoint": map[string]any{"bucketName": name},
		},
		"status": map[string]any{"phase": "Bound"},
	}}, metav1.CreateOptions{})
	if operators.Made(err) != nil {
		return err
	}
	if err := w.setFinalizer(ctx, bucketClaims, claim, bucketFinalizer, true); err != nil {
		return err
	}
	current, err := w.dynamic.Resource(bucketClaims).Namespace(claim.Namespace).Get(ctx, claim.Name, metav1.GetOptions{})
	if err != nil {
		return operators.Gone(err)
	}
	_ = unstructured.SetNestedField(current.Object, volume, "spec", "objectBucketName")
	_ = unstructured.SetNestedField(current.Object, name, "spec", "bucketName")
	if current, err = w.dynamic.Resource(bucketClaims).Namespace(claim.Namespace).Update(ctx, current, metav1.UpdateOptions{}); err != nil {
		return err
	}
	_ = unstructured.SetNestedField(current.Object, "Bound", "status", "phase")
	_, err = w.dynamic.Resource(bucketClaims).Namespace(claim.Namespace).UpdateStatus(ctx, current, metav1.UpdateOptions{})
	return err
}

// removeBucket takes the bucket with its claim, unless its class keeps it.
func (w *work) removeBucket(ctx context.Context, claim *bucketClaim) error {
	volume := claim.Spec.ObjectBucketName
	if volume != "" {
		found, err := w.dynamic.Resource(buckets).Get(ctx, volume, metav1.GetOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return err
		}
		if err == nil {
			if policy, _, _ := unstructured.NestedString(found.Object, "spec", "reclaimPolicy"); policy == "Delete" {
				err := w.change(ctx, func(s *State) error {
					delete(s.Buckets, claim.Spec.BucketName)
					return nil
				})
				if err == nil {
					err = bucketFiles{objects, w.fsid, claim.Spec.BucketName}.removeAll()
				}
				if err != nil {
					return err
				}
			}
			if err := w.dynamic.Resource(buckets).Delete(ctx, volume, metav1.DeleteOptions{}); operators.Gone(err) != nil {
				return err
			}
		}
	}
	for _, resource := range []string{"secrets", "configmaps"} {
		if err := w.dropFinalizer(ctx, resource, claim); err != nil {
			return err
		}
	}
	return w.setFinalizer(ctx, bucketClaims, claim, bucketFinalizer, false)
}

// dropFinalizer lets the claim's Secret or ConfigMap go.
func (w *work) dropFinalizer(ctx context.Context, resource string, claim *bucketClaim) error {
	kind := core(resource)
	found, err := w.dynamic.Resource(kind).Namespace(claim.Namespace).Get(ctx, claim.Name, metav1.GetOptions{})
	if err != nil {
		return operators.Gone(err)
	}
	// Outside of its own namespace the operator may update, and not patch (rook, ClusterRole rook-ceph-object-bucket).
	found.SetFinalizers(slices.DeleteFunc(found.GetFinalizers(), func(one string) bool { return one == bucketFinalizer }))
	if _, err := w.dynamic.Resource(kind).Namespace(claim.Namespace).Update(ctx, found, metav1.UpdateOptions{}); err != nil {
		return operators.Gone(err)
	}
	return operators.Gone(w.dynamic.Resource(kind).Namespace(claim.Namespace).Delete(ctx, claim.Name, metav1.DeleteOptions{}))
}
