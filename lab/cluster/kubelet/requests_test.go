package kubelet

import (
	"net/netip"
	"slices"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// asked are the verbs since the last call.
func asked(client *fake.Clientset) (verbs []string) {
	for _, action := range client.Actions() {
		verbs = append(verbs, action.GetVerb())
	}
	client.ClearActions()
	return verbs
}

func TestALeaseIsLookedForOnlyAfterAFailure(t *testing.T) {
	client, node := fake.NewClientset(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "stone", UID: "1"}}
	k := &kubelet{options: Options{NodeName: "stone"}, client: client}
	var lease *coordinationv1.Lease
	renew := func(want ...string) {
		t.Helper()
		lease, _ = k.renewLease(t.Context(), node, lease)
		if got := asked(client); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	renew("get", "create")
	renew("update")
	if err := client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Delete(t.Context(), "stone", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	asked(client)
	renew("update")
	renew("get", "create")
}

func TestAStatusThatAgreesIsNotWritten(t *testing.T) {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "apps", Name: "shop", UID: "1"}}
	client := fake.NewClientset(pod)
	k := &kubelet{client: client, nodeIP: netip.MustParseAddr("192.168.1.21")}
	running := thisSecond()
	state := podState{started: running, address: k.nodeIP, containers: []*containerState{{name: "shop", running: &running, ready: true}}}
	for _, want := range [][]string{{"patch"}, nil} {
		if err := k.writePodStatus(t.Context(), pod, state); err != nil {
			t.Fatal(err)
		}
		if got := asked(client); !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		var err error
		if pod, err = client.CoreV1().Pods("apps").Get(t.Context(), "shop", metav1.GetOptions{}); err != nil {
			t.Fatal(err)
		}
		asked(client)
	}
}
