package rook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// prepared is what the job on a node has found, in a ConfigMap as with the real one (rook-ceph-osd-NODE-status).
type prepared struct {
	// Asked is what it was to look for.
	Asked []string `json:"asked"`
	// OSDs are numbers of daemons by the disk that is theirs.
	OSDs map[string]int `json:"osds"`
}

func statusName(node string) string { return "rook-ceph-osd-" + node + "-status" }

// osds has every declared disk looked for on its node, and runs a daemon for each that is there and blank, or its own. A disk
// that belongs to another Ceph is passed over in silence. Daemons of nodes that are declared no more stay as they are.
func (w *work) osds(ctx context.Context, fsid string, nodes []corev1.Node) error {
	var unfinished error
	for _, declared := range w.cluster.Spec.Storage.Nodes {
		index := slices.IndexFunc(nodes, func(one corev1.Node) bool { return one.Labels[hostname] == declared.Name })
		if index < 0 {
			continue
		}
		var devices []string
		for _, device := range declared.Devices {
			devices = append(devices, device.Name)
		}
		found, err := w.prepared(ctx, declared.Name, devices)
		if err != nil {
			unfinished = errors.Join(unfinished, err)
			continue
		}
		for _, id := range found.OSDs {
			unfinished = errors.Join(unfinished, w.osd(ctx, id, nodes[index]))
		}
	}
	return errors.Join(unfinished, w.watchOSDs(ctx, fsid))
}

// prepared gives what was found on a node, or has the job look for it.
func (w *work) prepared(ctx context.Context, node string, devices []string) (*prepared, error) {
	config, err := w.client.CoreV1().ConfigMaps(w.namespace).Get(ctx, statusName(node), metav1.GetOptions{})
	if err == nil {
		var found prepared
		if err := json.Unmarshal([]byte(config.Data["status"]), &found); err != nil {
			return nil, err
		}
		if slices.Equal(found.Asked, devices) {
			return &found, nil
		}
	} else if !apierrors.IsNotFound(err) {
		return nil, err
	}
	if err := w.prepare(ctx, node, devices); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("disks of %s are being looked for", node)
}

func (w *work) prepare(ctx context.Context, node string, devices []string) error {
	jobs := w.client.BatchV1().Jobs(w.namespace)
	name := "rook-ceph-osd-prepare-" + node
	asked, err := json.Marshal(devices)
	if err != nil {
		return err
	}
	current, err := jobs.Get(ctx, name, metav1.GetOptions{})
	if err == nil {
		if current.Annotations[annotationForm] == string(asked) && current.Status.Failed == 0 && current.Status.Succeeded == 0 {
			return nil
		}
		background := metav1.DeletePropagationBackground
		return ignoreMissing(jobs.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &background}))
	}
	if !apierrors.IsNotFound(err) {
		return err
	}
	labels := map[string]string{"app": "rook-ceph-osd-prepare", "rook_cluster": w.namespace}
	_, err = jobs.Create(ctx, &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: labels, OwnerReferences: w.owned(), Annotations: map[string]string{annotationForm: string(asked)},
		},
		Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec: corev1.PodSpec{
				ServiceAccountName: "rook-ceph-osd", RestartPolicy: corev1.RestartPolicyOnFailure,
				NodeSelector: map[string]string{hostname: node}, Tolerations: w.cluster.Spec.Placement["all"].Tolerations,
				Containers: []corev1.Container{{
					Name: "provision", Image: w.cluster.Spec.CephVersion.Image, Command: []string{"rook", "ceph", "osd", "provision"},
					Resources: w.cluster.Spec.Resources["prepareosd"],
					Env: []corev1.EnvVar{
						{Name: "ROOK_DATA_DEVICES", Value: string(asked)},
						{Name: "POD_NAMESPACE", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}}},
						{Name: "ROOK_CEPH_FSID", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
							LocalObjectReference: corev1.LocalObjectReference{Name: monSecret}, Key: "fsid",
						}}},
					},
				}},
			},
		}},
	}, metav1.CreateOptions{})
	return made(err)
}

// osd runs the daemon of a disk. Its Deployment is not brought back once its number is gone from the Ceph.
func (w *work) osd(ctx context.Context, id int, node corev1.Node) error {
	known := false
	place := location(node)
	err := w.change(ctx, func(s *State) error {
		osd, found := s.OSDs[id]
		if known = found; found {
			osd.Location = place
		}
		return nil
	})
	if err != nil || !known {
		return err
	}
	labels := map[string]string{"ceph-osd-id": strconv.Itoa(id), "failure-domain": place["host"], "portable": "false"}
	for kind, value := range place {
		labels["topology-location-"+kind] = value
	}
	return w.run(ctx, daemon{
		app: "rook-ceph-osd", kind: "osd", id: strconv.Itoa(id), account: "rook-ceph-osd", node: node.Labels[hostname],
		labels: labels, sidecars: w.logs(),
	})
}

// watchOSDs keeps which daemons run.
func (w *work) watchOSDs(ctx context.Context, fsid string) error {
	list, err := w.client.AppsV1().Deployments(w.namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=rook-ceph-osd"})
	if err != nil {
		return err
	}
	up := map[string]bool{}
	for _, one := range list.Items {
		up[one.Labels["ceph-osd-id"]] = one.Status.ReadyReplicas > 0
	}
	return Change(Directory, fsid, func(s *State) error {
		for id, osd := range s.OSDs {
			osd.set(up[strconv.Itoa(id)], time.Now())
		}
		return nil
	})
}

// wipe empties the disks of all nodes, by a job on each as the real one has.
func (w *work) wipe(ctx context.Context) error {
	var unfinished error
	for _, declared := range w.cluster.Spec.Storage.Nodes {
		name := "cluster-cleanup-job-" + declared.Name
		jobs := w.client.BatchV1().Jobs(w.namespace)
		current, err := jobs.Get(ctx, name, metav1.GetOptions{})
		if err == nil {
			if current.Status.Succeeded == 0 {
				unfinished = errors.Join(unfinished, fmt.Errorf("the disks of %s are being wiped", declared.Name))
			}
			continue
		}
		if !apierrors.IsNotFound(err) {
			return err
		}
		_, err = jobs.Create(ctx, &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "rook-ceph-cleanup"}},
			Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				ServiceAccountName: "rook-ceph-default", RestartPolicy: corev1.RestartPolicyOnFailure,
				NodeSelector: map[string]string{hostname: declared.Name}, Tolerations: w.cluster.Spec.Placement["all"].Tolerations,
				Containers: []corev1.Container{{
					Name: "host-cleanup", Image: w.image, Args: []string{"ceph", "clean", "host"}, Resources: w.cluster.Spec.Resources["cleanup"],
				}},
			}}},
		}, metav1.CreateOptions{})
		unfinished = errors.Join(unfinished, made(err), fmt.Errorf("the disks of %s are being wiped", declared.Name))
	}
	return unfinished
}
