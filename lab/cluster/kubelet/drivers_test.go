package kubelet

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"homelab/lab/cluster/kubelet/program"
)

func TestADriverIsTheNodesWhileItsRegistrarRuns(t *testing.T) {
	client := fake.NewClientset(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "stone"}})
	k := &kubelet{options: Options{NodeName: "stone"}, client: client}
	drivers := func() (names []string) {
		found, err := client.StorageV1().CSINodes().Get(t.Context(), "stone", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, driver := range found.Spec.Drivers {
			names = append(names, driver.Name)
		}
		return names
	}
	if err := k.Register(t.Context(), "other"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan bool, 1), make(chan error, 1)
	container := program.Container{
		Spec:    &corev1.Container{Args: []string{"--v=0", "--kubelet-registration-path=/var/lib/kubelet/plugins/block.csi.example.com/csi.sock"}},
		Drivers: k, Ready: func(now bool) { ready <- now },
	}
	go func() { ended <- runRegistrar(ctx, container) }()
	select {
	case <-ready:
	case <-time.After(5 * time.Second):
		t.Fatal("it is not ready")
	}
	if got := drivers(); len(got) != 2 || got[1] != "block.csi.example.com" {
		t.Errorf("registered: %v", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := drivers(); len(got) != 1 || got[0] != "other" {
		t.Errorf("left: %v", got)
	}
	container.Spec = &corev1.Container{}
	if err := runRegistrar(t.Context(), container); err == nil {
		t.Error("a registrar without a path runs")
	}
}
