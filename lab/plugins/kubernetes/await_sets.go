package kubernetes

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// statefulSetWait is done when the controller has seen the newest spec, all replicas are of the
// newest revision, and all are ready.
type statefulSetWait struct {
	live *unstructured.Unstructured
	seen bool
	pods podsOfOwner
}

func newStatefulSetWait(live *unstructured.Unstructured) *statefulSetWait {
	return &statefulSetWait{live: live, pods: podsOfOwner{}}
}

func (*statefulSetWait) watches() []string                    { return []string{kindStatefulSet, kindPod} }
func (w *statefulSetWait) object() *unstructured.Unstructured { return w.live }

func (w *statefulSetWait) observe(kind string, deleted bool, object *unstructured.Unstructured) {
	switch {
	case kind == kindPod:
		w.pods.observe(deleted, object)
	case !deleted && object.GetName() == w.live.GetName() && object.GetGeneration() >= w.live.GetGeneration():
		w.live, w.seen = object, true
	}
}

func (w *statefulSetWait) current() bool {
	return w.seen && w.live.GetGeneration() > 0 && count(w.live, "status", "observedGeneration") >= w.live.GetGeneration()
}

func (w *statefulSetWait) onDelete() bool {
	return w.live.GetGeneration() > 1 && text(w.live, "spec", "updateStrategy", "type") == "OnDelete"
}

func (w *statefulSetWait) replicasReady() bool {
	wanted := count(w.live, "spec", "replicas")
	return w.current() && count(w.live, "status", "replicas") == wanted &&
		count(w.live, "status", "readyReplicas") == wanted &&
		(w.onDelete() || count(w.live, "status", "currentReplicas") == wanted)
}

func (w *statefulSetWait) revisionReady() bool {
	now := text(w.live, "status", "currentRevision")
	return w.current() && (w.onDelete() || now != "" && now == text(w.live, "status", "updateRevision"))
}

func (w *statefulSetWait) done() bool { return w.replicasReady() && w.revisionReady() }

func (w *statefulSetWait) progress() string {
	wanted, ready := count(w.live, "spec", "replicas"), count(w.live, "status", "readyReplicas")
	if !w.revisionReady() {
		ready = min(ready, count(w.live, "status", "updatedReplicas"))
	}
	switch {
	case w.done():
		return ""
	case w.live.GetGeneration() <= 1:
		return fmt.Sprintf("[1/2] Waiting for StatefulSet to create Pods (%d/%d Pods ready)", ready, wanted)
	case !w.replicasReady():
		return fmt.Sprintf("[1/3] Waiting for StatefulSet update to roll out (%d/%d Pods ready)", ready, wanted)
	}
	return "[2/3] Waiting for StatefulSet to update .status.currentRevision"
}

func (w *statefulSetWait) warnings() []string { return w.pods.problems(w.live) }

func (w *statefulSetWait) reasons() []string {
	var reasons []string
	if !w.replicasReady() {
		reasons = append(reasons, fmt.Sprintf("%d out of %d replicas succeeded readiness checks",
			count(w.live, "status", "readyReplicas"), count(w.live, "spec", "replicas")))
	}
	if !w.revisionReady() {
		reasons = append(reasons, fmt.Sprintf("StatefulSet controller failed to advance from revision %q to revision %q",
			text(w.live, "status", "currentRevision"), text(w.live, "status", "updateRevision")))
	}
	return append(reasons, w.pods.problems(w.live)...)
}

// daemonSetWait is done when the controller has seen the newest spec and a ready pod of it runs on
// every node that should have one; at once when none should.
type daemonSetWait struct {
	live *unstructured.Unstructured
	seen bool
	pods podsOfOwner
}

func newDaemonSetWait(live *unstructured.Unstructured) *daemonSetWait {
	return &daemonSetWait{live: live, pods: podsOfOwner{}}
}

func (*daemonSetWait) watches() []string                    { return []string{kindDaemonSet, kindPod} }
func (w *daemonSetWait) object() *unstructured.Unstructured { return w.live }

func (w *daemonSetWait) observe(kind string, deleted bool, object *unstructured.Unstructured) {
	switch {
	case kind == kindPod:
		w.pods.observe(deleted, object)
	case !deleted && object.GetName() == w.live.GetName() && object.GetGeneration() >= w.live.GetGeneration():
		w.live, w.seen = object, true
	}
}

func (w *daemonSetWait) done() bool { return w.progress() == "" }

func (w *daemonSetWait) progress() string {
	observed, known, _ := unstructured.NestedInt64(w.live.Object, "status", "observedGeneration")
	if !w.seen || !known || observed < w.live.GetGeneration() {
		return fmt.Sprintf("DaemonSet generation is %d, but latest observed generation is %d",
			w.live.GetGeneration(), observed)
	}
	desired, known, _ := unstructured.NestedInt64(w.live.Object, "status", "desiredNumberScheduled")
	if !known {
		return "Missing .status.desiredNumberScheduled"
	}
	for _, stage := range []struct{ field, told string }{
		{"currentNumberScheduled", "Current"}, {"updatedNumberScheduled", "Updated"},
		{"numberAvailable", "Available"}, {"numberReady", "Ready"},
	} {
		if n := count(w.live, "status", stage.field); n < desired {
			return fmt.Sprintf("%s: %d/%d", stage.told, n, desired)
		}
	}
	return ""
}

func (w *daemonSetWait) warnings() []string { return w.pods.problems(w.live) }

func (w *daemonSetWait) reasons() []string {
	return append([]string{w.progress()}, w.pods.problems(w.live)...)
}

func (w *daemonSetWait) expired() error {
	return &waitError{message: "timed out waiting for the condition", reasons: w.reasons(), object: w.live}
}
