package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"homelab/lab/cluster/rke2/s3"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// record is one snapshot, on this node or in S3.
type record struct {
	name, location, node, tokenHash string
	size                            int64
	created                         time.Time
	inStore                         bool
}

var snapshotFiles = schema.GroupVersionResource{Group: "k3s.cattle.io", Version: "v1", Resource: "etcdsnapshotfiles"}

const storageLabel = "etcd.rke2.cattle.io/snapshot-storage-node"

// storage is what the label calls the place where a snapshot lies.
func (r record) storage() string {
	if r.inStore {
		return "s3"
	}
	return r.node
}

// object is the record as an ETCDSnapshotFile (k3s pkg/etcd/snapshot/types.go).
func (r record) object() *unstructured.Unstructured {
	digest := sha256.Sum256([]byte(r.node + r.location))
	prefix := "local-"
	if r.inStore {
		prefix = "s3-"
	}
	metadata := map[string]any{
		"name":   prefix + strings.ToLower(r.name) + "-" + hex.EncodeToString(digest[:])[:6],
		"labels": map[string]any{storageLabel: r.storage()},
	}
	if r.tokenHash != "" {
		metadata["annotations"] = map[string]any{"etcd.rke2.cattle.io/snapshot-token-hash": r.tokenHash}
	}
	spec := map[string]any{"snapshotName": r.name, "nodeName": r.node, "location": r.location}
	if r.inStore {
		spec["s3"] = map[string]any{}
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "k3s.cattle.io/v1", "kind": "ETCDSnapshotFile", "metadata": metadata, "spec": spec,
		"status": map[string]any{
			"readyToUse": true, "creationTime": r.created.UTC().Format(time.RFC3339), "size": strconv.FormatInt(r.size, 10),
		},
	}}
}

// reconcile makes the objects of this node and of S3 be what is there.
func (s *snapshots) reconcile(ctx context.Context, client *s3.Client) error {
	found, err := s.records(ctx, client)
	if err != nil {
		return err
	}
	dynamicClient, err := dynamic.NewForConfig(s.cluster)
	if err != nil {
		return err
	}
	objects := dynamicClient.Resource(snapshotFiles)
	wanted := map[string]bool{}
	for _, r := range found {
		object := r.object()
		wanted[object.GetName()] = true
		_, err := objects.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "rke2-supervisor", Force: true})
		if err != nil {
			return err
		}
	}
	places := s.member.NodeName
	if client != nil {
		places += ",s3"
	}
	known, err := objects.List(ctx, metav1.ListOptions{LabelSelector: storageLabel + " in (" + places + ")"})
	if err != nil {
		return err
	}
	var failures []error
	for _, object := range known.Items {
		if wanted[object.GetName()] {
			continue
		}
		if err := objects.Delete(ctx, object.GetName(), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// configFromSecret reads the store's settings from a Secret in kube-system (k3s pkg/etcd/s3/config_secret.go).
func configFromSecret(ctx context.Context, cluster *rest.Config, name string) (s3.Config, error) {
	client, err := kubernetes.NewForConfig(cluster)
	if err != nil {
		return s3.Config{}, err
	}
	secret, err := client.CoreV1().Secrets(metav1.NamespaceSystem).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return s3.Config{}, fmt.Errorf("failed to get etcd S3 config secret: %w", err)
	}
	return s3.FromSecret(secret.Data)
}
