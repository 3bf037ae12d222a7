package rook

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
)

func TestAMuteStaysUntilItIsUnmuted(t *testing.T) {
	s := &State{Muted: map[string]bool{}}
	spec := func(policies map[string]string) *cephCluster {
		var cluster cephCluster
		cluster.Spec.HealthCheck.MuteHealthWarning = map[string]struct {
			Policy string `json:"policy"`
		}{}
		for code, policy := range policies {
			cluster.Spec.HealthCheck.MuteHealthWarning[code] = struct {
				Policy string `json:"policy"`
			}{policy}
		}
		return &cluster
	}
	found := map[string]check{"AUTH_INSECURE_KEYS_ALLOWED": {healthWarn, ""}}
	for _, step := range []struct {
		policies map[string]string
		health   string
	}{
		{nil, healthWarn},
		{map[string]string{"AUTH_INSECURE_KEYS_ALLOWED": "mute"}, healthOK},
		{nil, healthOK},
		{map[string]string{"AUTH_INSECURE_KEYS_ALLOWED": "unmute"}, healthWarn},
	} {
		s.mute(spec(step.policies))
		if health := overall(found, s.Muted); health != step.health {
			t.Errorf("%v: %s", step.policies, health)
		}
	}
}

func TestTheMonitorsBudgetCountsThoseThatAreDown(t *testing.T) {
	o := &operator{namespace: "rook-ceph", client: fake.NewClientset()}
	w := &work{operator: o, cluster: &cephCluster{}}
	budgets := o.client.PolicyV1().PodDisruptionBudgets("rook-ceph")
	allowed := func(count, up int) int {
		t.Helper()
		w.cluster.Spec.Mon.Count = count
		if err := w.budget(t.Context(), up); err != nil {
			t.Fatal(err)
		}
		found, err := budgets.Get(t.Context(), "rook-ceph-mon-pdb", metav1.GetOptions{})
		if err != nil {
			return -1
		}
		return found.Spec.MaxUnavailable.IntValue()
	}
	for _, one := range []struct{ count, up, want int }{{2, 2, -1}, {3, 3, 1}, {3, 2, 0}, {3, 3, 1}, {5, 5, 2}, {5, 4, 1}, {5, 3, 0}} {
		if got := allowed(one.count, one.up); got != one.want {
			t.Errorf("%d of %d monitors: %d may be away, not %d", one.up, one.count, got, one.want)
		}
	}
	if err := budgets.Delete(t.Context(), "rook-ceph-mon-pdb", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if allowed(5, 3) != -1 {
		t.Error("the API server is asked more often than each minute")
	}
	o.budgeted = time.Now().Add(-tell)
	if allowed(5, 3) != 0 {
		t.Error("a budget that was deleted is not made anew")
	}
}

func TestWhatIsKnownBecomesAnotherThingWithTimeAlone(t *testing.T) {
	directory, began := t.TempDir(), time.Now()
	err := Change(directory, "fsid", func(s *State) error {
		s.OSDs[0] = &OSD{In: true, Since: began}
		s.OSDs[1] = &OSD{Up: true, In: true, Since: began}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	after := func(length time.Duration) string {
		t.Helper()
		words, err := known(directory, began.Add(length))
		if err != nil {
			t.Fatal(err)
		}
		return words
	}
	if after(0) == "" || after(0) != after(outAfter) {
		t.Error("nothing has happened, and it is another thing")
	}
	if after(0) == after(outAfter+time.Second) {
		t.Error("a daemon was given up, and nothing shows it")
	}
}

func TestTheStatusTellsThatCephWasAskedEachMinute(t *testing.T) {
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "ceph.rook.io/v1", "kind": "CephCluster", "metadata": map[string]any{"name": "rook-ceph", "namespace": "rook-ceph"},
	}}
	custom := dynamicfake.NewSimpleDynamicClient(runtime.NewScheme(), object)
	o := &operator{namespace: "rook-ceph", directory: t.TempDir(), dynamic: custom}
	w := &work{operator: o, cluster: &cephCluster{}, fsid: "fsid"}
	w.cluster.Name = "rook-ceph"
	writes := func() int {
		t.Helper()
		custom.ClearActions()
		if err := w.report(t.Context(), "fsid", true); err != nil {
			t.Fatal(err)
		}
		return len(custom.Actions())
	}
	if writes() == 0 {
		t.Error("nothing is told of a new Ceph")
	}
	if writes() != 0 {
		t.Error("what is known is told again")
	}
	w.cluster.Generation = 2
	w.cluster.Spec.CephVersion.Image = "quay.io/ceph/ceph:v20.2.4"
	if writes() == 0 {
		t.Error("nothing is told of another form of the cluster")
	}
	found, err := custom.Resource(ceph(clusters)).Namespace("rook-ceph").Get(t.Context(), "rook-ceph", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	seen, _, _ := unstructured.NestedInt64(found.Object, "status", "observedGeneration")
	image, _, _ := unstructured.NestedString(found.Object, "status", "version", "image")
	if seen != 2 || image != w.cluster.Spec.CephVersion.Image {
		t.Errorf("it is told of generation %d and %s", seen, image)
	}
	w.told = time.Now().Add(-tell)
	if writes() != 1 || writes() != 0 {
		t.Error("a minute later it is told once that Ceph was asked")
	}
}
