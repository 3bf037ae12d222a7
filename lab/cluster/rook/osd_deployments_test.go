package rook

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// deployment is a disk's in a cluster without an API server, which would give it its UID.
func deployment(t *testing.T, w *work, name string) *appsv1.Deployment {
	t.Helper()
	found, err := w.client.AppsV1().Deployments("rook-ceph").Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestADeploymentStaysThatOfItsFirstDisk(t *testing.T) {
	o := &operator{namespace: "rook-ceph", client: fake.NewClientset(), made: map[string]string{}}
	w := &work{operator: o, cluster: &cephCluster{}, fsid: "fsid"}
	pass := func(node corev1.Node, found *prepared) {
		t.Helper()
		if err := w.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		existing := w.watchDaemons()
		if err := errors.Join(w.createOSDs(t.Context(), found, node, existing), w.updateOSDs(t.Context(), node.Name, existing)); err != nil {
			t.Fatal(err)
		}
	}
	tank := node("tank", corev1.ConditionTrue)
	tank.Labels["topology.kubernetes.io/zone"] = "host.one"
	pass(tank, &prepared{Round: "1", OSDs: map[string]disk{"scsi1": {3, "old"}}})
	made := deployment(t, w, "rook-ceph-osd-3")
	if args := made.Spec.Template.Spec.Containers[0].Args; !slices.Equal(args, []string{"--crush-location=root=default host=tank zone=host-one"}) {
		t.Errorf("%q", args)
	}
	told := func() string {
		return deployment(t, w, "rook-ceph-osd-3").Spec.Template.Spec.Containers[0].Env[0].Value
	}
	// The number is purged, and given to the disk of a machine that was built anew.
	pass(tank, &prepared{Round: "2", OSDs: map[string]disk{"scsi1": {3, "new"}}})
	if told() != "old" {
		t.Errorf("told of %q", told())
	}
	if err := w.client.AppsV1().Deployments("rook-ceph").Delete(t.Context(), "rook-ceph-osd-3", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	before := w.current()
	pass(tank, &prepared{Round: "2", OSDs: map[string]disk{"scsi1": {3, "new"}}})
	if err := w.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list := w.watchDaemons(); len(list) != 0 {
		t.Errorf("what was found once is made once: %v", list)
	}
	if w.current() == before {
		t.Error("disks are not looked for when a Deployment is deleted")
	}
	pass(tank, &prepared{Round: "3", OSDs: map[string]disk{"scsi1": {3, "new"}}})
	if told() != "new" {
		t.Errorf("told of %q", told())
	}
}

func TestAHostStaysWhereItWasMade(t *testing.T) {
	s := &State{OSDs: map[int]*OSD{0: {UUID: "a"}, 1: {UUID: "b"}}, Hosts: map[string]map[string]string{}}
	ask := func(words string) string {
		said, err := s.command(strings.Fields(words), time.Now())
		if err != nil {
			return err.Error()
		}
		return said
	}
	start := func(id int, uuid, zone string) error {
		return s.start(id, uuid, 1000, map[string]string{"host": "tank", "zone": zone})
	}
	zone := func() string { return s.bucket("zone", s.OSDs[1]) }
	if err := errors.Join(start(0, "a", "one"), start(1, "b", "two")); err != nil {
		t.Fatal(err)
	}
	if err := s.start(0, "a", 2000, map[string]string{"host": "tank"}); err != nil || s.OSDs[0].Bytes != 2000 {
		t.Errorf("a daemon that starts anew on a larger disk has %d bytes: %v", s.OSDs[0].Bytes, err)
	}
	if zone() != "one" {
		t.Errorf("a new disk below another zone moved its host to %s", zone())
	}
	if said := ask("osd crush rm tank"); !strings.Contains(said, "ENOTEMPTY") {
		t.Error(said)
	}
	if said := ask("osd crush move tank root=default zone=two region=west"); said != "" || zone() != "two" {
		t.Errorf("%s %s", said, zone())
	}
	if said := ask("osd crush move titan root=default zone=two"); !strings.Contains(said, "ENOENT") {
		t.Error(said)
	}
	if err := start(1, "c", "two"); err == nil {
		t.Error("a disk runs under another's number")
	}
	if said := ask("osd dump"); said != "osd.0 down out weight 0 exists a\nosd.1 down out weight 0 exists b\n" {
		t.Error(said)
	}
	if said := ask("osd purge 0 1") + ask("osd crush rm tank"); said != "" || len(s.Hosts) != 0 {
		t.Errorf("%s %v", said, s.Hosts)
	}
}

func TestARaiseShowsInVersionsAndInWhoWroteADeployment(t *testing.T) {
	w := &work{operator: &operator{namespace: "rook-ceph", client: fake.NewClientset(), image: "docker.io/rook/ceph:v1.20.5"}, cluster: &cephCluster{}}
	wrote := func(image string) *appsv1.Deployment {
		t.Helper()
		w.image = image
		if err := errors.Join(w.look(t.Context()), w.run(t.Context(), daemon{app: "rook-ceph-mon", kind: "mon", id: "a"}), w.look(t.Context())); err != nil {
			t.Fatal(err)
		}
		return deployment(t, w, "rook-ceph-mon-a")
	}
	w.cluster.Spec.CephVersion.Image = "quay.io/ceph/ceph:v20.2.3"
	before := wrote(w.image)
	after := wrote("docker.io/rook/ceph:v1.20.6")
	if before.Labels[versionLabel] != "v1.20.5" || after.Labels[versionLabel] != "v1.20.6" {
		t.Error(before.Labels, after.Labels)
	}
	if !maps.Equal(before.Spec.Template.Labels, after.Spec.Template.Labels) {
		t.Error("pods start anew for another operator")
	}
	w.deployments["rook-ceph-mon-a"].Status.ReadyReplicas = 1
	osd := after.DeepCopy()
	osd.Labels["ceph_daemon_type"], osd.Status.ReadyReplicas = "osd", 1
	osd.Spec.Template.Spec.Containers[0].Image = "quay.io/ceph/ceph:v20.2.4"
	w.deployments["rook-ceph-osd-0"] = osd
	if found := fmt.Sprint(w.versions()); !strings.Contains(found, "osd:map[ceph version 20.2.4 (lab) (stable):1]") || len(w.versions()["overall"]) != 2 {
		t.Error(found)
	}
}
