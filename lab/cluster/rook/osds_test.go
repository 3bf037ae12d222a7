package rook

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"

	"homelab/lab/cluster/kubelet/program"
)

func node(name string, ready corev1.ConditionStatus) corev1.Node {
	return corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{hostname: name}},
		Status:     corev1.NodeStatus{Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: ready}}},
	}
}

// looked tells of nodes which of them have their disks looked for.
func looked(t *testing.T, w *work, nodes ...corev1.Node) []string {
	t.Helper()
	var found []string
	for _, one := range nodes {
		round, err := w.round(t.Context(), one)
		if err != nil {
			t.Fatal(err)
		}
		if round != "" {
			found = append(found, one.Name)
		}
	}
	w.opened = w.current()
	return found
}

func TestDisksAreLookedForInRounds(t *testing.T) {
	o := &operator{
		directory: t.TempDir(), namespace: "rook-ceph", started: "now",
		rounds: map[string]string{}, seen: map[string]bool{}, places: map[types.UID]string{},
	}
	w := &work{operator: o, cluster: &cephCluster{}, fsid: "fsid"}
	w.cluster.Generation = 1
	if found := looked(t, w, node("stone", corev1.ConditionTrue), node("tank", corev1.ConditionFalse)); !slices.Equal(found, []string{"stone"}) {
		t.Errorf("in the first: %v", found)
	}
	if found := looked(t, w, node("tank", corev1.ConditionTrue)); !slices.Equal(found, []string{"tank"}) {
		t.Errorf("a node that came later, of which nothing is known: %v", found)
	}
	err := Change(o.directory, "fsid", func(s *State) error {
		s.OSDs[4] = &OSD{Host: "titan"}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found := looked(t, w, node("titan", corev1.ConditionTrue)); found != nil {
		t.Errorf("a node that came later, with a new disk under an old name: %v", found)
	}
	w.seen["vault"] = true
	if found := looked(t, w, node("vault", corev1.ConditionTrue)); found != nil {
		t.Errorf("a node that comes again: %v", found)
	}
	w.cluster.Generation = 2
	if found := looked(t, w, node("titan", corev1.ConditionTrue)); !slices.Equal(found, []string{"titan"}) {
		t.Errorf("in the next round: %v", found)
	}
	titan := node("titan", corev1.ConditionTrue)
	w.watchPlaces([]corev1.Node{titan})
	titan.Labels["topology.kubernetes.io/zone"] = "tank"
	w.watchPlaces([]corev1.Node{titan})
	if found := looked(t, w, titan); !slices.Equal(found, []string{"titan"}) {
		t.Errorf("once its place has changed: %v", found)
	}
}

func TestADiskIsTakenOnce(t *testing.T) {
	directory, attached, contents := t.TempDir(), t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(attached, "scsi1"), []byte("1000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	take := func(fsid, device string) string {
		taken, err := takeDisk(directory, attached, contents, fsid, device)
		if err != nil {
			t.Fatal(err)
		}
		if taken == nil {
			return "passed over"
		}
		own := false
		err = Change(directory, fsid, func(s *State) error { own = s.OSDs[taken.ID].UUID == taken.UUID; return nil })
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%d %t", taken.ID, own)
	}
	for i, one := range []struct{ fsid, device, found string }{
		{"mine", byID + "scsi2", "passed over"},
		{"mine", "/dev/sdb", "passed over"},
		{"mine", byID + "scsi1", "0 true"},
		{"mine", byID + "scsi1", "0 true"},
		{"other", byID + "scsi1", "passed over"},
	} {
		if found := take(one.fsid, one.device); found != one.found {
			t.Errorf("%d: %s", i, found)
		}
	}
}

func TestTheWipeBeginsWhenTheDaemonsAreGone(t *testing.T) {
	client := fake.NewClientset(&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "rook-ceph", Name: "osd", Labels: map[string]string{"app": "rook-ceph-osd"}},
		Spec:       corev1.PodSpec{NodeName: "stone"},
	})
	ctx, end := context.WithCancel(t.Context())
	defer end()
	o := &operator{directory: t.TempDir(), namespace: "rook-ceph", client: client, log: slog.New(slog.DiscardHandler), wipeEvery: time.Millisecond}
	w := &work{operator: o, cluster: &cephCluster{}, fsid: "fsid"}
	if err := w.beginWipe(ctx, "fsid"); err != nil {
		t.Fatal(err)
	}
	job := func() error {
		_, err := client.BatchV1().Jobs("rook-ceph").Get(ctx, "cluster-cleanup-job-stone", metav1.GetOptions{})
		return err
	}
	time.Sleep(20 * time.Millisecond)
	if !apierrors.IsNotFound(job()) {
		t.Error("a disk is wiped under its daemon")
	}
	if err := client.CoreV1().Pods("rook-ceph").Delete(ctx, "osd", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	for job() != nil {
		select {
		case <-time.After(time.Millisecond):
		case <-t.Context().Done():
			t.Fatal("no job")
		}
	}
}

func TestANumberIsGivenAgainOnceItIsPurged(t *testing.T) {
	s := &State{OSDs: map[int]*OSD{0: {}, 1: {}, 3: {}}}
	if found := s.free(); found != 2 {
		t.Errorf("the lowest is 2, and it is %d", found)
	}
}

func TestADaemonEndsOnAnotherDisk(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "scsi1"), []byte("mine 3 a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, one := range map[string]struct {
		fsid, id, slot string
		own            bool
	}{
		"its own":        {"mine", "3", "scsi1", true},
		"another number": {"mine", "4", "scsi1", false},
		"another Ceph":   {"other", "3", "scsi1", false},
		"a blank disk":   {"mine", "3", "scsi2", false},
	} {
		c := program.Container{Node: "stone", Env: map[string]string{
			"ROOK_CEPH_FSID": one.fsid, "ROOK_OSD_ID": one.id, "ROOK_BLOCK_PATH": byID + one.slot,
		}}
		if _, err := ownDisk(folder, c); (err == nil) != one.own {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDaemonsMayStopWhereNoPoolStandsStillWithoutThem(t *testing.T) {
	disks := func(domain string, size int) *State {
		s := &State{
			OSDs: map[int]*OSD{
				0: {Host: "a", Up: true, In: true}, 1: {Host: "a", Up: true, In: true},
				2: {Host: "b", Up: true, In: true}, 3: {Host: "c", Up: true, In: true},
			},
			Hosts: map[string]map[string]string{"a": {"zone": "one"}, "b": {"zone": "two"}, "c": {"zone": "three"}},
		}
		var pool poolSpec
		pool.FailureDomain, pool.Replicated.Size = domain, size
		s.rule(map[string]poolSpec{"pool": pool})
		return s
	}
	for name, one := range map[string]struct {
		state *State
		ids   []int
		ok    bool
	}{
		"a host's":                           {disks("zone", 3), []int{0, 1}, true},
		"two hosts'":                         {disks("zone", 3), []int{0, 2}, false},
		"one of two copies on one host":      {disks("osd", 2), []int{0}, true},
		"both of two copies on one host":     {disks("osd", 2), []int{0, 1}, false},
		"the only copy":                      {disks("osd", 1), []int{0}, false},
		"a part of a host with an only copy": {disks("zone", 1), []int{0}, false},
	} {
		if reason := one.state.okToStop(one.ids, time.Now()); (reason == "") != one.ok {
			t.Errorf("%s: %q", name, reason)
		}
	}
}

func TestADaemonThatWasPutOutIsTakenInByHandAlone(t *testing.T) {
	s := &State{
		OSDs:  map[int]*OSD{0: {Host: "a", Up: true, In: true}, 1: {Host: "a", Up: true, In: true}, 2: {Host: "b", Up: true, In: true}},
		Hosts: map[string]map[string]string{}, Config: map[string]map[string]string{},
	}
	began := time.Now()
	ask := func(words string) {
		t.Helper()
		if _, err := s.command(strings.Fields(words), began); err != nil {
			t.Fatal(err)
		}
	}
	ask("osd out 0")
	s.OSDs[0].set(false, began)
	s.OSDs[1].set(false, began)
	s.OSDs[2].set(true, began)
	s.settle(began.Add(outAfter + time.Second))
	s.configure(map[string]map[string]string{"mon": {"mon_osd_down_out_subtree_limit": "root"}})
	s.settle(began.Add(outAfter + time.Second))
	if dump := s.dump(); !strings.Contains(dump, "osd.1 down out weight 0 autoout,exists ") || s.OSDs[0].AutoOut {
		t.Error(dump)
	}
	for id := range s.OSDs {
		s.OSDs[id].set(true, began)
	}
	if s.OSDs[0].In || !s.OSDs[1].In || s.OSDs[1].AutoOut {
		t.Error(s.dump())
	}
	ask("osd in 0")
	if !s.OSDs[0].In {
		t.Error(s.dump())
	}
}
