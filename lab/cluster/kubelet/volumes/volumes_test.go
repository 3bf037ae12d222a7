package volumes

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

const driver = "block.csi.example.com"

func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: "apps", Name: name, UID: "uid-of-" + "x"}
}

func podWith(volumes ...corev1.Volume) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: "web", UID: "1-2"}, Spec: corev1.PodSpec{Volumes: volumes}}
}

func volumesOf(t *testing.T, client *fake.Clientset, pod *corev1.Pod) *Volumes {
	t.Helper()
	return New(client, pod, t.TempDir(), Node{Name: "stone", Shared: t.TempDir()},
		func(item corev1.DownwardAPIVolumeFile) (string, error) { return item.FieldRef.FieldPath, nil })
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestFilesOfOneVersionAreSwappedTogether(t *testing.T) {
	directory := t.TempDir()
	first := map[string]file{"a": {content: []byte("1"), mode: 0o644}, "deep/b": {content: []byte("1"), mode: 0o600}}
	if err := writeAtomically(directory, first, nil); err != nil {
		t.Fatal(err)
	}
	version := func() string {
		target, err := os.Readlink(filepath.Join(directory, dataName))
		if err != nil {
			t.Fatal(err)
		}
		return target
	}
	before := version()
	if err := writeAtomically(directory, first, nil); err != nil || version() != before {
		t.Errorf("unchanged files are written again: %v", err)
	}
	// A reader with the old directory open sees old files only.
	if err := writeAtomically(directory, map[string]file{"a": {content: []byte("2"), mode: 0o644}}, nil); err != nil {
		t.Fatal(err)
	}
	if read(t, directory, "a") != "2" || version() == before {
		t.Error("the change is not shown")
	}
	entries, err := os.ReadDir(directory)
	if err != nil || len(entries) != 3 {
		t.Errorf("left: %v, %v", entries, err)
	}
	for _, name := range []string{"../x", "/x", "..data"} {
		if err := writeAtomically(directory, map[string]file{name: {}}, nil); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}

func TestVolumesAreMadeOfObjects(t *testing.T) {
	mode, yes := int32(0o400), true
	client := fake.NewClientset(
		&corev1.ConfigMap{ObjectMeta: named("settings"), Data: map[string]string{"x": "1", "y": "2"}},
		&corev1.Secret{ObjectMeta: named("key"), Data: map[string][]byte{"tls.key": []byte("secret")}},
	)
	asked := 0
	client.PrependReactor("create", "serviceaccounts", func(clienttesting.Action) (bool, runtime.Object, error) {
		asked++
		return true, &authenticationv1.TokenRequest{Status: authenticationv1.TokenRequestStatus{
			Token: fmt.Sprint("token-", asked), ExpirationTimestamp: metav1.NewTime(time.Now().Add(time.Hour)),
		}}, nil
	})
	v := volumesOf(t, client, podWith(
		corev1.Volume{Name: "settings", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}, Items: []corev1.KeyToPath{{Key: "x", Path: "sub/x.conf"}},
		}}},
		corev1.Volume{Name: "tls", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "key", DefaultMode: &mode}}},
		corev1.Volume{Name: "none", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "none", Optional: &yes}}},
		corev1.Volume{Name: "account", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}},
			{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
				{Path: "namespace", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.namespace"}},
			}}},
		}}}},
		corev1.Volume{Name: "scratch", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
	))
	for range 2 {
		if err := v.SetUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	container := &corev1.Container{VolumeMounts: []corev1.VolumeMount{
		{Name: "settings", MountPath: "/etc/settings"}, {Name: "tls", MountPath: "/tls.key", SubPath: "tls.key"},
		{Name: "account", MountPath: "/var/run/secrets"}, {Name: "scratch", MountPath: "/tmp", SubPathExpr: "$(NAME)"},
	}}
	mounts, err := v.Mounts(container, map[string]string{"NAME": "web"})
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, mounts[0].Source, "sub/x.conf"); got != "1" || !mounts[0].ReadOnly {
		t.Errorf("%q, read-only %v", got, mounts[0].ReadOnly)
	}
	info, err := os.Stat(mounts[1].Source)
	if err != nil || info.Mode() != 0o400 || read(t, mounts[1].Source) != "secret" {
		t.Errorf("%v, %v", info, err)
	}
	if got := read(t, mounts[2].Source, "token") + read(t, mounts[2].Source, "namespace"); got != "token-1metadata.namespace" {
		t.Errorf("%q after asking %d times", got, asked)
	}
	if mounts[3].ReadOnly || !strings.HasSuffix(mounts[3].Source, "/scratch/web") {
		t.Errorf("%+v", mounts[3])
	}
	scratch, _ := os.Stat(filepath.Dir(mounts[3].Source))
	if made, err := os.Stat(mounts[3].Source); err != nil || made.Mode() != scratch.Mode() {
		t.Errorf("a subPath has the mode %v, %v", made, err)
	}
	v.now = func() time.Time { return time.Now().Add(49 * time.Minute) }
	if err := v.SetUp(t.Context()); err != nil || read(t, mounts[2].Source, "token") != "token-2" {
		t.Errorf("the token is not renewed: %v", err)
	}
	if err := v.TearDown(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(v.Directory()); !os.IsNotExist(err) {
		t.Error("something is left")
	}
}

func TestSecretVolumesHonourItemsAndProjections(t *testing.T) {
	client := fake.NewClientset(
		&corev1.Secret{ObjectMeta: named("token"), Data: map[string][]byte{"token": []byte("x"), "other": []byte("y")}},
	)
	items := []corev1.KeyToPath{{Key: "token", Path: "tunnel-token"}}
	v := volumesOf(t, client, podWith(
		corev1.Volume{Name: "all", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "token"}}},
		corev1.Volume{Name: "some", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
			{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "token"}, Items: items}},
		}}}},
	))
	if files, err := v.SecretFiles(t.Context(), "all"); err != nil || len(files) != 2 || files["token"] != "x" {
		t.Fatalf("got %v, %v", files, err)
	}
	if files, err := v.SecretFiles(t.Context(), "some"); err != nil || len(files) != 1 || files["tunnel-token"] != "x" {
		t.Fatalf("got %v, %v", files, err)
	}
	if _, err := v.SecretFiles(t.Context(), "none"); err == nil || errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	for want, source := range map[string]corev1.VolumeSource{
		`secret "key" not found`: {Secret: &corev1.SecretVolumeSource{SecretName: "key"}},
		"references non-existent config key: z": {ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}, Items: []corev1.KeyToPath{{Key: "z", Path: "z"}},
		}},
		`persistentvolumeclaim "data" not found`: {PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}},
		"no volume plugin matched":               {NFS: &corev1.NFSVolumeSource{}},
	} {
		client := fake.NewClientset(&corev1.ConfigMap{ObjectMeta: named("settings")})
		v := volumesOf(t, client, podWith(corev1.Volume{Name: "data", VolumeSource: source}))
		if err := v.SetUp(t.Context()); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `volume "data"`) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestAChangedConfigMapReachesTheFiles(t *testing.T) {
	client := fake.NewClientset(&corev1.ConfigMap{ObjectMeta: named("settings"), Data: map[string]string{"x": "1"}})
	v := volumesOf(t, client, podWith(corev1.Volume{Name: "settings", VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}},
	}}))
	if err := v.SetUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		v.Follow(ctx, nil, func(err error) { t.Error(err) })
		close(ended)
	}()
	defer func() { stop(); <-ended }()
	path := filepath.Join(v.Directory(), "volumes/kubernetes.io~configmap/settings/x")
	changed := &corev1.ConfigMap{ObjectMeta: named("settings"), Data: map[string]string{"x": "2"}}
	if _, err := client.CoreV1().ConfigMaps("apps").Update(ctx, changed, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); read(t, path) != "2"; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the file has the old text")
		}
	}
}

func TestAClaimIsMountedOnceItIsBoundRegisteredAndAttached(t *testing.T) {
	bound := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pvc-1"}, Spec: corev1.PersistentVolumeSpec{
		Capacity:               corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("2Gi")},
		ClaimRef:               &corev1.ObjectReference{UID: "claim-1"},
		PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: driver, VolumeHandle: "0001-a"}},
	}}
	requested := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: "data", UID: "claim-1"}}
	client := fake.NewClientset(bound, requested)
	v := volumesOf(t, client, podWith(corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"},
	}}))
	refused := func(want string) {
		t.Helper()
		if err := v.SetUp(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refused("PVC is not bound")
	requested.Spec.VolumeName, requested.Status.Phase = "pvc-1", corev1.ClaimBound
	requested.Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	requested.Status.Conditions = []corev1.PersistentVolumeClaimCondition{{Type: corev1.PersistentVolumeClaimFileSystemResizePending, Status: corev1.ConditionTrue}}
	must(client.Tracker().Update(corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims"), requested, "apps"))
	refused("not found in the list of registered CSI drivers")
	must(client.Tracker().Add(&storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: "stone"}, Spec: storagev1.CSINodeSpec{
		Drivers: []storagev1.CSINodeDriver{{Name: driver, NodeID: "stone"}},
	}}))
	refused("has no VolumeAttachment")
	if got := v.InUse(); !slices.Equal(got, []corev1.UniqueVolumeName{"kubernetes.io/csi/" + driver + "^0001-a"}) {
		t.Errorf("in use: %v", got)
	}
	name := fmt.Sprintf("csi-%x", sha256.Sum256([]byte("0001-a"+driver+"stone")))
	must(client.Tracker().Add(&storagev1.VolumeAttachment{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: storagev1.VolumeAttachmentStatus{Attached: true}}))
	refused("code = NotFound")
	directory := filepath.Join(v.node.Shared, driver, "0001-a")
	must(os.MkdirAll(directory, 0o755))
	must(v.SetUp(t.Context()))
	mounts, err := v.Mounts(&corev1.Container{VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}}}, nil)
	if err != nil || mounts[0].Source != directory || mounts[0].ReadOnly {
		t.Errorf("%+v, %v", mounts, err)
	}
	after, err := client.CoreV1().PersistentVolumeClaims("apps").Get(t.Context(), "data", metav1.GetOptions{})
	if err != nil || after.Status.Capacity.Storage().String() != "2Gi" || len(after.Status.Conditions) != 0 {
		t.Errorf("the expansion has not ended: %+v, %v", after.Status, err)
	}
}
