package rook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"homelab/lab/cluster/operators"
)

// prepared is what the job on a node has found, in a ConfigMap as with the real one (rook-ceph-osd-NODE-status).
type prepared struct {
	// Round is the one of the operator in which it looked.
	Round string `json:"round"`
	// OSDs are daemons by the disk that is theirs.
	OSDs map[string]disk `json:"osds"`
}

func statusName(node string) string { return "rook-ceph-osd-" + node + "-status" }

// osds has every declared disk looked for on its node, and runs a daemon for each that is there and blank, or its own. A disk
// that belongs to another Ceph is passed over in silence. Daemons of nodes that are declared no more stay as they are. Disks are
// looked for once the operator has started, the CephCluster has changed, a node's place has, or a disk's Deployment was deleted
// (rook, controller/predicate.go: WatchPredicateForNonCRDObject), on nodes that take pods then. A node
// that comes later has its turn once in an operator's life, and if Ceph knows no daemon of it (rook, cluster/watcher.go: onK8sNode);
// the lab's operator calls all nodes of its first round looked at, the real one those whose spec has changed since.
func (w *work) osds(ctx context.Context, fsid string, nodes []corev1.Node) error {
	w.watchPlaces(nodes)
	existing := w.watchDaemons()
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
		round, err := w.round(ctx, nodes[index])
		if err != nil {
			return err
		}
		if round == "" {
			continue
		}
		found, err := w.prepared(ctx, declared.Name, round, devices)
		if err != nil {
			unfinished = errors.Join(unfinished, err)
			continue
		}
		unfinished = errors.Join(unfinished, w.createOSDs(ctx, found, nodes[index], existing), w.updateOSDs(ctx, declared.Name, existing))
	}
	if w.opened == "" {
		for _, node := range nodes {
			w.seen[node.Name] = takesPods(node)
		}
	}
	w.opened = w.current()
	return errors.Join(unfinished, w.watchOSDs(fsid, existing))
}

// current is the round that is open: one for each start of the operator, each form of the CephCluster and each change of a node's
// place (rook, cluster/predicate.go: nodeTopologyLabelsChanged).
func (w *work) current() string {
	return fmt.Sprintf("%s-%d-%d-%d", w.started, w.cluster.Generation, w.moved, w.lost)
}

// watchPlaces counts the changes of nodes' places. A node that is added or goes changes none.
func (w *work) watchPlaces(nodes []corev1.Node) {
	for _, node := range nodes {
		place := fmt.Sprint(location(node))
		if before, known := w.places[node.UID]; known && before != place {
			w.moved++
		}
		w.places[node.UID] = place
	}
}

// round is in which disks were or are to be looked for on a node; empty where they are not.
func (w *work) round(ctx context.Context, node corev1.Node) (string, error) {
	now := w.current()
	if w.rounds[node.Name] == now {
		return now, nil
	}
	if !takesPods(node) {
		return "", nil
	}
	// A round begins with all nodes that take pods then.
	if w.opened == now {
		if w.seen[node.Name] {
			return "", nil
		}
		w.seen[node.Name] = true
		known, err := w.hasOSD(ctx, node)
		if known || err != nil {
			return "", err
		}
	}
	w.rounds[node.Name] = now
	return now, nil
}

// takesPods is whether Rook looks for disks on a node (k8sutil.ValidNode).
func takesPods(node corev1.Node) bool {
	return !node.Spec.Unschedulable && slices.ContainsFunc(node.Status.Conditions, func(one corev1.NodeCondition) bool {
		return one.Type == corev1.NodeReady && one.Status == corev1.ConditionTrue
	})
}

// hasOSD is whether the Ceph knows a daemon of a node, whatever became of it.
func (w *work) hasOSD(ctx context.Context, node corev1.Node) (bool, error) {
	found := false
	err := w.change(ctx, func(s *State) error {
		for _, osd := range s.OSDs {
			found = found || osd.Host == location(node)["host"]
		}
		return nil
	})
	return found, err
}

// prepared gives what was found on a node in a round, or has the job look for it.
func (w *work) prepared(ctx context.Context, node, round string, devices []string) (*prepared, error) {
	config, err := w.client.CoreV1().ConfigMaps(w.namespace).Get(ctx, statusName(node), metav1.GetOptions{})
	if err == nil {
		var found prepared
		if err := json.Unmarshal([]byte(config.Data["status"]), &found); err != nil {
			return nil, err
		}
		if found.Round == round {
			return &found, nil
		}
	} else if !apierrors.IsNotFound(err) {
		return nil, err
	}
	if err := w.prepare(ctx, node, round, devices); err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("disks of %s are being looked for", node)
}

func (w *work) prepare(ctx context.Context, node, round string, devices []string) error {
	jobs := w.client.BatchV1().Jobs(w.namespace)
	name := "rook-ceph-osd-prepare-" + node
	asked, err := json.Marshal(devices)
	if err != nil {
		return err
	}
	current, err := jobs.Get(ctx, name, metav1.GetOptions{})
	if err == nil {
		if current.Annotations[annotationForm] == round && current.Status.Failed == 0 {
			return nil
		}
		background := metav1.DeletePropagationBackground
		return operators.Gone(jobs.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &background}))
	}
	if !apierrors.IsNotFound(err) {
		return err
	}
	labels := map[string]string{"app": "rook-ceph-osd-prepare", "rook_cluster": w.namespace}
	_, err = jobs.Create(ctx, &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: labels, OwnerReferences: w.owned(), Annotations: map[string]string{annotationForm: round},
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
						{Name: "LAB_ROUND", Value: round},
						{Name: "POD_NAMESPACE", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}}},
						fsidVariable(),
					},
				}},
			},
		}},
	}, metav1.CreateOptions{})
	return operators.Made(err)
}

// watchOSDs keeps which daemons run.
func (w *work) watchOSDs(fsid string, existing []*appsv1.Deployment) error {
	up := map[string]bool{}
	for _, one := range existing {
		up[one.Labels[osdLabel]] = one.Status.ReadyReplicas > 0
	}
	return Change(w.directory, fsid, func(s *State) error {
		for id, osd := range s.OSDs {
			osd.set(up[strconv.Itoa(id)], time.Now())
		}
		return nil
	})
}
