package kubernetes

import (
	"strings"
	"testing"
	"time"
)

const replicaSet = `{kind: ReplicaSet, metadata: {name: dep-1, annotations: {deployment.kubernetes.io/revision: "REV"},
  ownerReferences: [{uid: u, kind: Deployment, name: dep}]}, spec: {replicas: 2}, status: {readyReplicas: READY}}`

const deployment = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: dep, uid: u, generation: 2,
  annotations: {deployment.kubernetes.io/revision: "REV"}}, spec: {replicas: 2}, status: {observedGeneration: 2,
  conditions: [{type: Available, status: "True"}, {type: Progressing, status: "True", reason: REASON}]}}`

func fill(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }

func TestDeploymentWaitsForTheReplicaSetOfItsRevision(t *testing.T) {
	w := newDeploymentWait(parse(t, "{apiVersion: apps/v1, kind: Deployment, metadata: {name: dep, uid: u, generation: 2}}"))
	w.observe(kindReplicaSet, false, parse(t, fill(replicaSet, "REV", "1", "READY", "2")))
	w.observe(kindDeployment, false, parse(t, fill(deployment, "REV", "2", "REASON", "NewReplicaSetAvailable")))
	if w.done() {
		t.Fatal("done with the ReplicaSet of the old revision")
	}
	w.observe(kindReplicaSet, false, parse(t, fill(replicaSet, "REV", "2", "READY", "0")))
	if got := w.progress(); w.done() || got != "Waiting for app ReplicaSet to be available (0/2 Pods available)" {
		t.Fatalf("done %v, progress %q", w.done(), got)
	}
	w.observe(kindReplicaSet, false, parse(t, fill(replicaSet, "REV", "2", "READY", "2")))
	if !w.done() {
		t.Fatalf("not done: %v", w.reasons())
	}
}

func TestAMissedProgressDeadlineIsOnlyAReason(t *testing.T) {
	w := newDeploymentWait(parse(t, "{apiVersion: apps/v1, kind: Deployment, metadata: {name: dep, uid: u}}"))
	w.observe(kindDeployment, false, parse(t, `{metadata: {name: dep, generation: 1}, status: {observedGeneration: 1, conditions: [
    {type: Progressing, status: "False", reason: ProgressDeadlineExceeded, message: too late}]}}`))
	if w.done() || w.reasons()[0] != "[ProgressDeadlineExceeded] too late" {
		t.Errorf("%v", w.reasons())
	}
}

func TestServiceWithSelectorSettlesForTenSecondsAlsoWithReadyPods(t *testing.T) {
	now := time.Now()
	live := parse(t, "{kind: Service, metadata: {name: s}, spec: {type: ClusterIP, selector: {a: b}}}")
	w := newServiceWait(live)
	w.now = func() time.Time { return now }
	w.observe(kindService, false, live)
	w.observe(kindEndpoints, false, parse(t, "{metadata: {name: s}, subsets: [{addresses: [{ip: 10.0.0.1}]}]}"))
	if w.done() || w.settlesAt().Sub(now) != settleTime {
		t.Fatal("done before the Endpoints settled")
	}
	now = now.Add(settleTime)
	if !w.done() {
		t.Fatal("not done after ten seconds")
	}
	w.observe(kindEndpoints, false, parse(t, "{metadata: {name: s}, subsets: [{notReadyAddresses: [{ip: 10.0.0.1}]}]}"))
	now = now.Add(settleTime)
	if w.done() || w.enough() {
		t.Fatal("done with an address that is not ready")
	}
}

func TestServicesWithoutPodsToFindAreDoneAtOnce(t *testing.T) {
	for _, spec := range []string{"{type: ClusterIP}", "{clusterIP: None, selector: {a: b}}", "{type: ExternalName, selector: {a: b}}"} {
		live := parse(t, "{kind: Service, metadata: {name: s}, spec: "+spec+"}")
		w := newServiceWait(live)
		w.observe(kindService, false, live)
		if !w.done() {
			t.Errorf("%s: not done", spec)
		}
	}
}

func TestLoadBalancerNeedsAnAddress(t *testing.T) {
	live := parse(t, "{kind: Service, metadata: {name: s}, spec: {type: LoadBalancer}}")
	w := newServiceWait(live)
	w.observe(kindService, false, live)
	if w.done() || !strings.Contains(strings.Join(w.reasons(), "\n"), "Service was not allocated an IP address") {
		t.Errorf("done %v, %v", w.done(), w.reasons())
	}
	w.observe(kindService, false, parse(t, "{metadata: {name: s}, spec: {type: LoadBalancer}, status: {loadBalancer: {ingress: [{hostname: h}]}}}"))
	if !w.done() {
		t.Error("not done with a hostname")
	}
}

func TestAFailedJobEndsTheWait(t *testing.T) {
	w := newJobWait(parse(t, "{kind: Job, metadata: {name: j}}"))
	w.observe(kindJob, false, parse(t, `{metadata: {name: j}, status: {startTime: x, conditions: [{type: Failed, status: "True",
    reason: BackoffLimitExceeded, message: Job has reached the specified backoff limit}]}}`))
	if w.failed() == nil || w.reasons()[0] != "[BackoffLimitExceeded] Job has reached the specified backoff limit" {
		t.Errorf("%v %v", w.failed(), w.reasons())
	}
}

func TestStatefulSetNeedsOneRevisionOnAllReplicas(t *testing.T) {
	const set = `{metadata: {name: s, generation: 2}, spec: {replicas: 2}, status: {observedGeneration: 2, replicas: 2,
    readyReplicas: 2, currentReplicas: 2, updatedReplicas: 1, currentRevision: CURRENT, updateRevision: new}}`
	w := newStatefulSetWait(parse(t, "{metadata: {name: s, generation: 2}}"))
	w.observe(kindStatefulSet, false, parse(t, fill(set, "CURRENT", "old")))
	if w.done() || w.progress() != "[2/3] Waiting for StatefulSet to update .status.currentRevision" {
		t.Errorf("progress %q", w.progress())
	}
	w.observe(kindStatefulSet, false, parse(t, fill(set, "CURRENT", "new")))
	if !w.done() {
		t.Errorf("not done: %v", w.reasons())
	}
}

func TestClaimsBindNowOrAtFirstUse(t *testing.T) {
	pending, bound := parse(t, "status: {phase: Pending}"), parse(t, "status: {phase: Bound}")
	if claimReady(pending, "Immediate", false) || !claimReady(bound, "Immediate", false) ||
		!claimReady(pending, "WaitForFirstConsumer", false) || !claimReady(bound, "WaitForFirstConsumer", true) {
		t.Error("wrong")
	}
}

func TestWaitForExpressions(t *testing.T) {
	object := parse(t, `{metadata: {generation: 1}, data: {x: "1"}, status: {conditions: [{type: Ready, status: "False"}]}}`)
	for annotation, expected := range map[string]string{
		"condition=Ready":                            "Resource has condition Ready=False (want True)",
		"condition=Ready=False":                      "",
		"jsonpath={.data.x}=1":                       "",
		"jsonpath={.data.x}":                         "",
		"jsonpath={.data.y}":                         "{.data.y} selected nothing",
		`["jsonpath={.data.x}=1","condition=Ready"]`: "Resource has condition Ready=False (want True)",
	} {
		w, err := newExpressionWait(annotation, object)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.progress(); got != expected {
			t.Errorf("%s: got %q, want %q", annotation, got, expected)
		}
	}
	for _, bad := range []string{"Ready", "jsonpath=.data.x", "jsonpath={.data.x}=", "[]"} {
		if _, err := newExpressionWait(bad, object); err == nil {
			t.Errorf("%s: accepted", bad)
		}
	}
}
