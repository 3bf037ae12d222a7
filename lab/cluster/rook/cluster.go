package rook

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"homelab/lab/cluster/operators"
)

const (
	clusterFinalizer = "cephcluster.ceph.rook.io"
	// protection keeps the two objects without which a Ceph cannot be recovered (rook, mon.go).
	protection = "ceph.rook.io/disaster-protection"
	monSecret  = "rook-ceph-mon"
	monConfig  = "rook-ceph-mon-endpoints"
)

func (w *work) keepFinalizer(ctx context.Context) error {
	return w.setFinalizer(ctx, ceph(clusters), w.cluster, clusterFinalizer, true)
}

// reconcile brings up monitors, managers and the disks' daemons, and says how it is.
func (w *work) reconcile(ctx context.Context) error {
	if err := w.keepFinalizer(ctx); err != nil {
		return err
	}
	fsid, err := w.identity(ctx)
	if err != nil {
		return err
	}
	if err := w.furnish(ctx); err != nil {
		return err
	}
	if err := w.monitors(ctx); err != nil {
		return w.progress(ctx, "Progressing", "Configuring Ceph Mons", err)
	}
	if err := w.managers(ctx); err != nil {
		return w.progress(ctx, "Progressing", "Configuring Ceph Mgr(s)", err)
	}
	nodes, err := w.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if err := conflict(nodes.Items); err != nil {
		return w.progress(ctx, "Progressing", "failed to create cluster: failed to start ceph osds: "+err.Error(), err)
	}
	unfinished := w.osds(ctx, fsid, nodes.Items)
	if err := w.perNode(ctx, nodes.Items); err != nil {
		return err
	}
	return errors.Join(unfinished, w.report(ctx, fsid, unfinished == nil))
}

// progress says what is being done, and gives back why it is not done yet.
func (w *work) progress(ctx context.Context, phase, message string, cause error) error {
	err := w.setStatus(ctx, ceph(clusters), w.cluster.Name, map[string]any{
		"phase": phase, "state": "Creating", "message": message,
	})
	return errors.Join(cause, err)
}

// identity makes the Ceph's id and the administrator's key, or finds them.
func (w *work) identity(ctx context.Context) (string, error) {
	if w.fsid != "" {
		return w.fsid, nil
	}
	secrets := w.client.CoreV1().Secrets(w.namespace)
	found, err := secrets.Get(ctx, monSecret, metav1.GetOptions{})
	if operators.Gone(err) != nil {
		return "", err
	}
	if err == nil {
		w.fsid = string(found.Data["fsid"])
		return w.fsid, nil
	}
	raw := make([]byte, 28)
	_, _ = rand.Read(raw)
	fsid, key := uuid.NewString(), base64.StdEncoding.EncodeToString(raw)
	if err := Change(w.directory, fsid, func(s *State) error { s.Key = key; return nil }); err != nil {
		return "", err
	}
	_, err = secrets.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: monSecret, Finalizers: []string{protection}, OwnerReferences: w.owned()},
		Type:       "kubernetes.io/rook",
		StringData: map[string]string{
			"fsid": fsid, "cluster-name": w.namespace, "ceph-username": "client.admin", "ceph-secret": key, "mon-secret": key,
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	w.fsid = fsid
	return fsid, nil
}

// furnish makes what is made once, and left as it is.
func (w *work) furnish(ctx context.Context) error {
	if w.furnished == w.cluster.UID {
		return nil
	}
	if err := w.credentials(ctx); err != nil {
		return err
	}
	w.furnished = w.cluster.UID
	return nil
}

// credentials are the Secrets of the CSI drivers and of the dashboard, and what the drivers are told of the Ceph.
func (w *work) credentials(ctx context.Context) error {
	var failed error
	for _, name := range []string{
		"rook-csi-rbd-provisioner", "rook-csi-rbd-node", "rook-csi-cephfs-provisioner", "rook-csi-cephfs-node", "rook-ceph-dashboard-password",
	} {
		_, err := w.client.CoreV1().Secrets(w.namespace).Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: w.owned()}, Type: "kubernetes.io/rook",
			StringData: map[string]string{"userID": strings.TrimPrefix(name, "rook-"), "userKey": uuid.NewString(), "password": uuid.NewString()},
		}, metav1.CreateOptions{})
		failed = errors.Join(failed, operators.Made(err))
	}
	connection := map[string]any{
		"apiVersion": "csi.ceph.io/v1", "kind": "CephConnection", "metadata": w.childMeta(w.namespace),
		"spec": map[string]any{"monitors": []any{"rook-ceph-mon-a:6789"}},
	}
	profile := map[string]any{
		"apiVersion": "csi.ceph.io/v1", "kind": "ClientProfile", "metadata": w.childMeta(w.namespace),
		"spec": map[string]any{"cephConnectionRef": map[string]any{"name": w.namespace}},
	}
	_, err := w.dynamic.Resource(connections).Namespace(w.namespace).Create(ctx, &unstructured.Unstructured{Object: connection}, metav1.CreateOptions{})
	failed = errors.Join(failed, operators.Made(err))
	_, err = w.dynamic.Resource(profiles).Namespace(w.namespace).Create(ctx, &unstructured.Unstructured{Object: profile}, metav1.CreateOptions{})
	return errors.Join(failed, operators.Made(err))
}

func (w *work) childMeta(name string) map[string]any {
	owner := w.owned()[0]
	return map[string]any{"name": name, "namespace": w.namespace, "ownerReferences": []any{map[string]any{
		"apiVersion": owner.APIVersion, "kind": owner.Kind, "name": owner.Name, "uid": string(owner.UID),
		"controller": true, "blockOwnerDeletion": true,
	}}}
}

// report writes the CephCluster's status from what the Ceph knows of itself.
func (w *work) report(ctx context.Context, fsid string, complete bool) error {
	var found map[string]check
	var total int64
	now := time.Now()
	err := Change(w.directory, fsid, func(s *State) error {
		s.configure(w.cluster.Spec.CephConfig)
		s.settle(now)
		s.mute(w.cluster)
		found = s.checks(w.cluster.Spec.Security.CephX.CSI.KeyType, now)
		for _, osd := range s.OSDs {
			if osd.In {
				total += osd.Bytes
			}
		}
		w.state = s
		return nil
	})
	if err != nil {
		return err
	}
	details := map[string]any{}
	for code, one := range found {
		details[code] = map[string]any{"severity": one.severity, "message": one.message}
	}
	versions := w.versions()
	told, err := json.Marshal([]any{overall(found, w.state.Muted), details, total, complete, len(w.state.OSDs), versions, w.cluster.Generation})
	if err != nil {
		return err
	}
	if string(told) == w.said {
		if now.Sub(w.told) < tell {
			return nil
		}
		w.told = now
		return w.setStatus(ctx, ceph(clusters), w.cluster.Name, map[string]any{
			"ceph": map[string]any{"lastChecked": now.UTC().Format(time.RFC3339)},
		})
	}
	// A merge would leave checks that have ended.
	if err := w.setStatus(ctx, ceph(clusters), w.cluster.Name, map[string]any{"ceph": map[string]any{"details": nil, "versions": nil}}); err != nil {
		return err
	}
	status := map[string]any{
		"ceph": map[string]any{
			"health": overall(found, w.state.Muted), "fsid": fsid, "details": details, "versions": versions, "lastChecked": now.UTC().Format(time.RFC3339),
			"capacity": map[string]any{
				"bytesTotal": total, "bytesUsed": total / 100, "bytesAvailable": total - total/100, "lastUpdated": now.UTC().Format(time.RFC3339),
			},
		},
		"storage": map[string]any{"osd": map[string]any{"storeType": map[string]any{"bluestore": len(w.state.OSDs)}}},
	}
	// What is being done to nodes that are away does not take back what was said.
	if complete {
		status["observedGeneration"] = w.cluster.Generation
		status["version"] = map[string]any{"image": w.cluster.Spec.CephVersion.Image}
		status["phase"], status["state"], status["message"] = "Ready", "Created", "Cluster created successfully"
		status["conditions"] = []any{map[string]any{
			"type": "Ready", "status": "True", "reason": "ClusterCreated", "message": "Cluster created successfully",
			"lastTransitionTime": w.cluster.CreationTimestamp.UTC().Format(time.RFC3339),
		}}
	}
	if err := w.setStatus(ctx, ceph(clusters), w.cluster.Name, status); err != nil {
		return err
	}
	w.said, w.told = string(told), now
	return nil
}

// versions counts the daemons that run, by their kind and by the release of Ceph that each runs (`ceph versions`).
func (w *work) versions() map[string]map[string]int {
	found := map[string]map[string]int{"overall": {}}
	for _, one := range w.deployments {
		kind := one.Labels["ceph_daemon_type"]
		if !slices.Contains([]string{"mon", "mgr", "osd", "mds", "rgw"}, kind) || one.Status.ReadyReplicas == 0 {
			continue
		}
		if found[kind] == nil {
			found[kind] = map[string]int{}
		}
		version := fmt.Sprintf("ceph version %s (lab) (stable)", strings.TrimPrefix(tag(one.Spec.Template.Spec.Containers[0].Image), "v"))
		found[kind][version] += int(one.Status.ReadyReplicas)
		found["overall"][version] += int(one.Status.ReadyReplicas)
	}
	return found
}

// topologyLabels are those that CRUSH's hierarchy is made of, from the top (rook, osd/topology/topology.go).
var topologyLabels = []string{"topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.rook.io/datacenter", "topology.rook.io/rack", "topology.rook.io/chassis"}

// conflict is Rook's own check of the nodes' labels: no name below two others, and none at two levels.
func conflict(nodes []corev1.Node) error {
	parents, keys := map[string]map[string]string{}, map[string]string{}
	for _, label := range topologyLabels {
		parents[label] = map[string]string{}
	}
	for _, node := range nodes {
		above := ""
		for _, label := range topologyLabels {
			value := strings.ReplaceAll(node.Labels[label], ".", "-")
			if value == "" {
				continue
			}
			if other, seen := keys[value]; seen && other != label {
				return fmt.Errorf("invalid topology: value %q appears under both %q and %q", value, other, label)
			}
			keys[value] = label
			if before, seen := parents[label][value]; seen && above != "" && before != above {
				return fmt.Errorf("invalid topology: %q value %q appears under both %q and %q", label, value, before, above)
			}
			parents[label][value], above = above, value
		}
	}
	return nil
}

// location is where a node's disks stand, by CRUSH's types of bucket. A level that is called as one below it is left out.
func location(node corev1.Node) map[string]string {
	found, taken := map[string]string{"host": strings.ReplaceAll(node.Name, ".", "-")}, []string{strings.ReplaceAll(node.Name, ".", "-")}
	for _, label := range slices.Backward(topologyLabels) {
		value := strings.ReplaceAll(node.Labels[label], ".", "-")
		if value == "" || slices.Contains(taken, value) {
			continue
		}
		found[label[strings.LastIndex(label, "/")+1:]] = value
		taken = append(taken, value)
	}
	return found
}

// remove lets the CephCluster go once nothing depends on it.
func (w *work) remove(ctx context.Context) error {
	if !slices.Contains(w.cluster.Finalizers, clusterFinalizer) {
		return nil
	}
	blockers, err := w.dependents(ctx)
	if err != nil {
		return err
	}
	if len(blockers) > 0 {
		message := fmt.Sprintf("CephCluster %q will not be deleted until all dependents are removed: %s", w.namespace+"/"+w.cluster.Name, strings.Join(blockers, ", "))
		return errors.Join(errors.New(message), w.blocked(ctx, clusters, w.cluster.Name, message))
	}
	fsid, err := w.identity(ctx)
	if err != nil {
		return err
	}
	if w.cluster.Spec.CleanupPolicy.Confirmation != "" {
		if err := w.beginWipe(ctx, fsid); err != nil {
			return err
		}
	}
	if secret, err := w.client.CoreV1().Secrets(w.namespace).Get(ctx, monSecret, metav1.GetOptions{}); err == nil {
		secret.Finalizers = slices.DeleteFunc(secret.Finalizers, func(one string) bool { return one == protection })
		if _, err := w.client.CoreV1().Secrets(w.namespace).Update(ctx, secret, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	if config, err := w.client.CoreV1().ConfigMaps(w.namespace).Get(ctx, monConfig, metav1.GetOptions{}); err == nil {
		config.Finalizers = slices.DeleteFunc(config.Finalizers, func(one string) bool { return one == protection })
		if _, err := w.client.CoreV1().ConfigMaps(w.namespace).Update(ctx, config, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	return w.setFinalizer(ctx, ceph(clusters), w.cluster, clusterFinalizer, false)
}

// blocked says why an object stays.
func (o *operator) blocked(ctx context.Context, kind, name, message string) error {
	return o.setStatus(ctx, ceph(kind), name, map[string]any{
		"phase": "Deleting",
		"conditions": []any{map[string]any{
			"type": "DeletionIsBlocked", "status": "True", "reason": "ObjectHasDependents", "message": message,
			"lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
		}},
	})
}

// dependents are pools, filesystems and stores, and volumes of the cluster.
func (w *work) dependents(ctx context.Context) ([]string, error) {
	var found []string
	for _, kind := range []string{pools, filesystems, groups, stores} {
		list, err := w.dynamic.Resource(ceph(kind)).Namespace(w.namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		for _, one := range list.Items {
			found = append(found, one.GetKind()+" "+one.GetName())
		}
	}
	if w.cluster.Spec.CleanupPolicy.AllowUninstallWithVolumes {
		return found, nil
	}
	volumes, err := w.volumes(ctx, "", "")
	for _, one := range volumes {
		found = append(found, "PersistentVolume "+one)
	}
	return found, err
}

// volumes are the names of persistent volumes of this cluster whose attribute has the value; all where the attribute is empty.
func (w *work) volumes(ctx context.Context, attribute, value string) ([]string, error) {
	list, err := w.client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, one := range list.Items {
		if one.Spec.CSI == nil || one.Spec.CSI.VolumeAttributes["clusterID"] != w.namespace {
			continue
		}
		if attribute == "" || one.Spec.CSI.VolumeAttributes[attribute] == value {
			found = append(found, one.Name)
		}
	}
	return found, nil
}
