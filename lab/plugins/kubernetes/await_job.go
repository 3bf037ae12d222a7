package kubernetes

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// jobWait is done when the job is complete; it ends early when the job has failed for good. Its
// limit counts from the last change, so that a job which goes on is never cut off.
type jobWait struct {
	live *unstructured.Unstructured
	pods podsOfOwner
}

func newJobWait(live *unstructured.Unstructured) *jobWait {
	return &jobWait{live: live, pods: podsOfOwner{}}
}

func (*jobWait) watches() []string                    { return []string{kindJob, kindPod} }
func (w *jobWait) object() *unstructured.Unstructured { return w.live }
func (*jobWait) limitFromLastChange()                 {}

func (w *jobWait) observe(kind string, deleted bool, object *unstructured.Unstructured) {
	if kind == kindPod {
		w.pods.observe(deleted, object)
	} else if !deleted && object.GetName() == w.live.GetName() {
		w.live = object
	}
}

func (w *jobWait) started() bool { return text(w.live, "status", "startTime") != "" }

func (w *jobWait) done() bool { return w.started() && conditionStatus(w.live, "Complete") == "True" }

func (w *jobWait) failed() error {
	if failure := w.failure(); failure != "" {
		return uninitialised(w.live, []string{failure})
	}
	return nil
}

func (w *jobWait) failure() string {
	for _, c := range conditionsOf(w.live) {
		if c.kind == "Failed" && c.status == "True" && (c.reason == "BackoffLimitExceeded" || c.reason == "DeadlineExceeded") {
			return fmt.Sprintf("[%s] %s", c.reason, c.message)
		}
	}
	return ""
}

func (w *jobWait) progress() string {
	if !w.started() {
		return fmt.Sprintf("Waiting for Job %q to start", shortName(w.live))
	}
	return fmt.Sprintf("Waiting for Job %q to succeed (Active: %d | Succeeded: %d | Failed: %d)", shortName(w.live),
		count(w.live, "status", "active"), count(w.live, "status", "succeeded"), count(w.live, "status", "failed"))
}

func (w *jobWait) warnings() []string { return w.pods.problems(w.live) }

func (w *jobWait) reasons() []string {
	if failure := w.failure(); failure != "" {
		return append([]string{failure}, w.pods.problems(w.live)...)
	}
	return w.pods.problems(w.live)
}
