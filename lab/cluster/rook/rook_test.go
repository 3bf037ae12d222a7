package rook

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"

	"homelab/lab/cluster/kubelet/program"
)

// put asks a gateway to keep an object, signed by the bucket's key as its client tells what the content is.
func put(g gateway, bucket *Bucket, told, signedFor, content string) int {
	request := httptest.NewRequest(http.MethodPut, "http://10.43.0.9/pictures/trial", strings.NewReader(content))
	stamp := time.Now().UTC().Format("20060102T150405Z")
	request.Header.Set("X-Amz-Date", stamp)
	names, headers := "host;x-amz-date", "host:10.43.0.9\nx-amz-date:"+stamp+"\n"
	if told != "" {
		request.Header.Set("X-Amz-Content-Sha256", told)
		names, headers = "host;x-amz-content-sha256;x-amz-date", "host:10.43.0.9\nx-amz-content-sha256:"+told+"\nx-amz-date:"+stamp+"\n"
	}
	canonical := strings.Join([]string{"PUT", "/pictures/trial", "", headers, names, signedFor}, "\n")
	scope := stamp[:8] + "/us-east-1/s3/aws4_request"
	text := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", stamp, scope, sha256.Sum256([]byte(canonical)))
	key := []byte("AWS4" + bucket.Secret)
	for _, part := range []string{stamp[:8], "us-east-1", "s3", "aws4_request"} {
		key = keyed(key, part)
	}
	request.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		bucket.Access, scope, names, hex.EncodeToString(keyed(key, text))))
	answer := httptest.NewRecorder()
	g.ServeHTTP(answer, request)
	return answer.Code
}

func TestAGatewayTakesWhatIsNotToldForUnsigned(t *testing.T) {
	directory := t.TempDir()
	bucket := &Bucket{Store: "photos", Access: "id", Secret: "key"}
	if err := Change(directory, "fsid", func(s *State) error { s.Buckets["pictures"] = bucket; return nil }); err != nil {
		t.Fatal(err)
	}
	g := gateway{root: t.TempDir(), directory: directory, fsid: "fsid", store: "photos"}
	digest := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	for name, one := range map[string]struct {
		told, signedFor string
		status          int
	}{
		"told to be unsigned":                       {unsignedPayload, unsignedPayload, http.StatusOK},
		"told with its digest":                      {digest("word"), digest("word"), http.StatusOK},
		"told with another digest":                  {digest("other"), digest("other"), http.StatusBadRequest},
		"not told, and signed as unsigned":          {"", unsignedPayload, http.StatusOK},
		"not told, and signed as empty, as by curl": {"", digest(""), http.StatusForbidden},
	} {
		if status := put(g, bucket, one.told, one.signedFor, "word"); status != one.status {
			t.Errorf("%s: %d", name, status)
		}
	}
}

func TestAGatewayListsWhatABucketHas(t *testing.T) {
	files := bucketFiles{t.TempDir(), "fsid", "pictures"}
	for _, key := range []string{"main-15/wals/a.gz", "main-15/base/b/backup.info", "main-15/c", "other/c"} {
		if _, err := files.put(key, []byte("word"), about{}); err != nil {
			t.Fatal(err)
		}
	}
	for asked, said := range map[string]string{
		"prefix=main-15/":                     "main-15/base/b/backup.info main-15/c main-15/wals/a.gz",
		"list-type=2&prefix=main-15/":         "main-15/base/b/backup.info main-15/c main-15/wals/a.gz",
		"prefix=main-15/&delimiter=/":         "main-15/c | main-15/base/ main-15/wals/",
		"list-type=2&prefix=none&delimiter=/": "",
	} {
		query, _ := url.ParseQuery(asked)
		answer := httptest.NewRecorder()
		list(answer, files, query)
		var listed struct {
			IsTruncated    bool
			Contents       []struct{ Key string }
			CommonPrefixes []struct{ Prefix string }
		}
		if err := xml.Unmarshal(answer.Body.Bytes(), &listed); err != nil || listed.IsTruncated {
			t.Fatal(err, answer.Body)
		}
		var told []string
		for _, one := range listed.Contents {
			told = append(told, one.Key)
		}
		if len(listed.CommonPrefixes) > 0 {
			told = append(told, "|")
		}
		for _, one := range listed.CommonPrefixes {
			told = append(told, one.Prefix)
		}
		if strings.Join(told, " ") != said {
			t.Errorf("%s: %v", asked, told)
		}
	}
}

func TestAnObjectIsKeptWithWhatItsClientSaysOfIt(t *testing.T) {
	files := bucketFiles{t.TempDir(), "fsid", "pictures"}
	request := httptest.NewRequest(http.MethodPut, "/pictures/a", strings.NewReader("word"))
	request.Header.Set("Content-Type", "text/plain")
	request.Header.Set("X-Amz-Meta-Mtime", "1.5")
	object(httptest.NewRecorder(), request, files, "a")
	answer := httptest.NewRecorder()
	object(answer, httptest.NewRequest(http.MethodHead, "/pictures/a", nil), files, "a")
	of := answer.Header()
	if of.Get("X-Amz-Meta-Mtime") != "1.5" || of.Get("Content-Type") != "text/plain" || of.Get("Content-Length") != "4" ||
		of.Get("ETag") != fmt.Sprintf(`"%x"`, md5.Sum([]byte("word"))) || answer.Body.Len() > 0 {
		t.Error(of)
	}
	object(httptest.NewRecorder(), httptest.NewRequest(http.MethodDelete, "/pictures/a", nil), files, "a")
	if _, _, err := files.get("a"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

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

func TestCollectorsGoWithTheLastOfANodesPods(t *testing.T) {
	osd := func(node string) *corev1.Pod {
		return &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "osd-" + node, Namespace: "rook-ceph", Labels: map[string]string{"app": "rook-ceph-osd"}},
			Spec:       corev1.PodSpec{NodeName: node},
		}
	}
	o := &operator{namespace: "rook-ceph", client: fake.NewClientset(osd("stone"), osd("tank"))}
	w := &work{operator: o, cluster: &cephCluster{}}
	collectors := func(nodes ...string) []string {
		t.Helper()
		var found []corev1.Node
		for _, name := range nodes {
			found = append(found, node(name, corev1.ConditionTrue))
		}
		if err := errors.Join(w.look(t.Context()), w.perNode(t.Context(), found)); err != nil {
			t.Fatal(err)
		}
		list, err := o.client.AppsV1().Deployments("rook-ceph").List(t.Context(), metav1.ListOptions{LabelSelector: "app=rook-ceph-crashcollector"})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, one := range list.Items {
			names = append(names, strings.TrimPrefix(one.Name, "rook-ceph-crashcollector-"))
		}
		slices.Sort(names)
		return names
	}
	if names := collectors("stone", "tank", "titan"); !slices.Equal(names, []string{"stone", "tank"}) {
		t.Error(names)
	}
	for _, name := range []string{"osd-stone", "osd-tank"} {
		if err := o.client.CoreV1().Pods("rook-ceph").Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if names := collectors("tank", "titan"); !slices.Equal(names, []string{"stone"}) {
		t.Errorf("nobody looks after those of a node that is gone: %v", names)
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

// A class by another name than the setting gives is left to other operators: its claims stay as they are, and nothing is said.
func TestClassesOfBucketsAreKnownByTheNameThatTheSettingsGive(t *testing.T) {
	w := &work{operator: &operator{namespace: "rook-ceph"}}
	for want, settings := range map[string]map[string]string{
		"rook-ceph.ceph.rook.io/bucket": {"ROOK_OBC_WATCH_OPERATOR_NAMESPACE": "true"},
		"ceph.rook.io/bucket":           {"ROOK_OBC_WATCH_OPERATOR_NAMESPACE": "false"},
		"home.ceph.rook.io/bucket": {
			"ROOK_OBC_WATCH_OPERATOR_NAMESPACE": "true", "ROOK_OBC_PROVISIONER_NAME_PREFIX": "home",
		},
	} {
		if got := w.bucketProvisioner(settings); got != want {
			t.Errorf("%v: %s, not %s", settings, got, want)
		}
	}
}

func TestABucketIsNotMadeByWhatRookCannotRead(t *testing.T) {
	const allowed = "maxObjects,maxSize,bucketLifecycle"
	for _, one := range []struct {
		config map[string]string
		says   string
	}{
		{map[string]string{"maxSize": "500Gi", "maxObjects": "1000000", "bucketLifecycle": `{"Rules":[{"ID":"a","Status":"Enabled","Prefix":""}]}`}, ""},
		{nil, ""},
		{map[string]string{"bucketOwner": "somebody"}, `"bucketOwner" is not allowed`},
		{map[string]string{"maxSize": "500 GiB"}, "failed to parse maxSize quota"},
		{map[string]string{"bucketLifecycle": "Rules: []"}, "failed to unmarshal lifecycle"},
	} {
		err := checkAdditional(one.config, allowed)
		if (err == nil) != (one.says == "") || err != nil && !strings.Contains(err.Error(), one.says) {
			t.Errorf("%v: %v, not %q", one.config, err, one.says)
		}
	}
}

func TestDaemonsOfALostSubtreeAreGivenUpOnlyBelowTheLimit(t *testing.T) {
	began := time.Now()
	for name, one := range map[string]struct {
		config map[string]map[string]string
		up     map[string]bool
		in     bool
	}{
		"a host with its only machine":    {nil, map[string]bool{"b": true}, true},
		"a machine, and another one runs": {nil, map[string]bool{"a2": true, "b": true}, false},
		"a host where regions are the limit": {
			map[string]map[string]string{"mon": {"mon_osd_down_out_subtree_limit": "region"}}, map[string]bool{"b": true}, false,
		},
		"a rack where regions are the limit": {
			map[string]map[string]string{"global": {"mon_osd_down_out_subtree_limit": "region"}}, map[string]bool{"c": true}, true,
		},
	} {
		place := func(zone, region string) map[string]string { return map[string]string{"zone": zone, "region": region} }
		s := &State{
			OSDs: map[int]*OSD{}, Config: map[string]map[string]string{},
			Hosts: map[string]map[string]string{"a": place("one", "west"), "a2": place("one", "west"), "b": place("two", "west"), "c": place("three", "east")},
		}
		for id, host := range []string{"a", "a2", "b", "c"} {
			s.OSDs[id] = &OSD{Host: host, Up: one.up[host], In: true, Since: began}
		}
		s.configure(one.config)
		s.configure(nil)
		s.settle(began.Add(outAfter + time.Second))
		if s.OSDs[0].In != one.in {
			t.Errorf("%s: in is %t", name, s.OSDs[0].In)
		}
	}
}

func TestAPoolKeepsItsFailureDomainUnlessItsCopiesAreToFollow(t *testing.T) {
	var copies, pieces poolSpec
	copies.Replicated.Size, pieces.ErasureCoded.DataChunks, pieces.ErasureCoded.CodingChunks = 3, 2, 1
	for name, one := range map[string]struct {
		pool    poolSpec
		updates bool
		domain  string
	}{
		"copies":                  {copies, false, "osd"},
		"copies that are updated": {copies, true, "zone"},
		"pieces":                  {pieces, true, "osd"},
	} {
		s := &State{}
		one.pool.FailureDomain, one.pool.EnableCrushUpdates = "osd", one.updates
		s.rule(map[string]poolSpec{"pool": one.pool})
		one.pool.FailureDomain = "zone"
		s.rule(map[string]poolSpec{"pool": one.pool})
		if s.Domains["pool"] != one.domain || s.Widths[one.domain] != 3 {
			t.Errorf("%s: %v %v", name, s.Domains, s.Widths)
		}
		s.rule(nil)
		s.rule(map[string]poolSpec{"pool": one.pool})
		if s.Domains["pool"] != "zone" {
			t.Errorf("%s: a pool that is made anew is one of %s", name, s.Domains["pool"])
		}
	}
}

func TestTheManagersOwnPoolWantsThreeHostsUnlessItIsDeclared(t *testing.T) {
	s := &State{
		OSDs:   map[int]*OSD{0: {Host: "a", Up: true, In: true}, 1: {Host: "a", Up: true, In: true}},
		Hosts:  map[string]map[string]string{"a": {"zone": "one"}},
		Config: map[string]map[string]string{},
	}
	s.rule(map[string]poolSpec{})
	found := s.checks("", time.Now())
	for _, code := range []string{"PG_DEGRADED", "TOO_FEW_OSDS"} {
		if _, warned := found[code]; !warned {
			t.Errorf("no word of %s: %v", code, found)
		}
	}
	var own poolSpec
	own.FailureDomain, own.EnableCrushUpdates, own.Replicated.Size = "osd", true, 2
	s.configure(map[string]map[string]string{"global": {"osd_pool_default_size": "2"}})
	s.rule(map[string]poolSpec{managersPool: own})
	found = s.checks("", time.Now())
	for _, code := range []string{"PG_DEGRADED", "TOO_FEW_OSDS"} {
		if one, warned := found[code]; warned {
			t.Errorf("%s: %v", code, one)
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
