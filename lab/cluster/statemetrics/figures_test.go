package statemetrics

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestAConditionIsALineForEachStatusThatItCouldHave(t *testing.T) {
	e := exposition{}
	e.node(&corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "stone"},
		Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeReady, Status: corev1.ConditionUnknown},
		}},
	})
	want := `# TYPE kube_node_status_condition gauge
kube_node_status_condition{node="stone",condition="Ready",status="false"} 0
kube_node_status_condition{node="stone",condition="Ready",status="true"} 0
kube_node_status_condition{node="stone",condition="Ready",status="unknown"} 1
`
	if got := e.String(); !strings.Contains(got, want) {
		t.Errorf("got\n%s", got)
	}
}

func TestAPodIsInOnePhase(t *testing.T) {
	e := exposition{}
	e.pod(&corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "b", UID: "c"},
		Status:     corev1.PodStatus{Phase: corev1.PodPending},
	})
	phases := e["kube_pod_status_phase"]
	if len(phases) != 5 {
		t.Errorf("%d phases", len(phases))
	}
	for _, line := range phases {
		if strings.HasSuffix(line, " 1\n") != strings.Contains(line, `phase="Pending"`) {
			t.Error(line)
		}
	}
}
