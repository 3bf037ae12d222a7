package volsync

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestACacheThatIsThereIsAskedForItsSizeAgain(t *testing.T) {
	ctx := context.Background()
	m := &manager{client: fake.NewClientset()}
	r := &replication{Spec: spec{Restic: &restic{CacheCapacity: "2Gi"}}}
	r.Kind, r.Name, r.Namespace = "ReplicationSource", "photos", "immich"
	data := &corev1.PersistentVolumeClaim{Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}}}
	size := func() string {
		t.Helper()
		if _, err := m.cache(ctx, r, data); err != nil {
			t.Fatal(err)
		}
		found, err := m.client.CoreV1().PersistentVolumeClaims("immich").Get(ctx, "volsync-src-photos-cache", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return found.Spec.Resources.Requests.Storage().String()
	}
	if had := size(); had != "2Gi" {
		t.Errorf("it is made with %s", had)
	}
	r.Spec.Restic.CacheCapacity = "1Gi"
	if had := size(); had != "1Gi" {
		t.Errorf("it is asked for %s", had)
	}
}
