package rook

import (
	"context"
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"homelab/lab/cluster/operators"
)

// cephPods are those whose nodes are wiped, once all of them are gone (rook, cluster/cleanup.go).
const cephPods = "app in (rook-ceph-mon,rook-ceph-mgr,rook-ceph-osd,rook-ceph-rgw,rook-ceph-mds)"

// beginWipe has the disks emptied of the nodes that have pods of Ceph's. As with the real one the CephCluster does not wait for
// that: it goes, its pods go with it, and only then is there a job on each node. Nobody makes them when the operator ends before,
// which ends ctx.
func (w *work) beginWipe(ctx context.Context, fsid string) error {
	hosts, err := w.hosts(ctx)
	if err != nil {
		return err
	}
	cluster, o := w.cluster, w.operator
	go func() {
		if err := (&work{operator: o, cluster: cluster, fsid: fsid}).wipe(ctx, hosts); err != nil {
			o.log.Warn("the disks are not wiped", "error", err)
		}
	}()
	return nil
}

// hosts are the nodes that have pods of Ceph's.
func (w *work) hosts(ctx context.Context) ([]string, error) {
	list, err := w.client.CoreV1().Pods(w.namespace).List(ctx, metav1.ListOptions{LabelSelector: cephPods})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, pod := range list.Items {
		if name := pod.Spec.NodeName; name != "" && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	return found, nil
}

func (w *work) wipe(ctx context.Context, hosts []string) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(w.wipeEvery):
		}
		left, err := w.hosts(ctx)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			break
		}
	}
	for _, host := range hosts {
		if err := w.wipeNode(ctx, host); err != nil {
			return fmt.Errorf("%s: %w", host, err)
		}
	}
	return Forget(w.directory, w.fsid)
}

// wipeNode makes a node's job. One of an earlier Ceph is made anew.
func (w *work) wipeNode(ctx context.Context, node string) error {
	jobs := w.client.BatchV1().Jobs(w.namespace)
	foreground := metav1.DeletePropagationForeground
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name: "cluster-cleanup-job-" + node, Labels: map[string]string{"app": "rook-ceph-cleanup", "rook-ceph-cleanup": "true"},
		},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			ServiceAccountName: "rook-ceph-default", RestartPolicy: corev1.RestartPolicyOnFailure,
			NodeSelector: map[string]string{hostname: node}, Tolerations: w.cluster.Spec.Placement["all"].Tolerations,
			Containers: []corev1.Container{{
				Name: "host-cleanup", Image: w.image, Args: []string{"ceph", "clean", "host"}, Resources: w.cluster.Spec.Resources["cleanup"],
			}},
		}}},
	}
	for {
		_, err := jobs.Create(ctx, job, metav1.CreateOptions{})
		if !apierrors.IsAlreadyExists(err) {
			return err
		}
		err = jobs.Delete(ctx, job.Name, metav1.DeleteOptions{PropagationPolicy: &foreground})
		if operators.Gone(err) != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(w.wipeEvery):
		}
	}
}
