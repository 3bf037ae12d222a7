package kubernetes

import (
	"fmt"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// revision is the annotation by which a Deployment names its current ReplicaSet.
const revision = "deployment.kubernetes.io/revision"

// deploymentWait is done when the controller has seen the newest spec, the Deployment is Available
// and, after the first rollout, Progressing with NewReplicaSetAvailable, and the ReplicaSet of its
// revision has its pods ready and every claim of the template is bound. A missed progress deadline
// is only a warning.
type deploymentWait struct {
	live       *unstructured.Unstructured
	reconciled bool
	available  bool
	rolledOut  bool
	conditions map[string]string
	sets       map[string]*unstructured.Unstructured
	claims     map[string]*unstructured.Unstructured
	pods       podsOfOwner
}

func newDeploymentWait(live *unstructured.Unstructured) *deploymentWait {
	return &deploymentWait{
		live: live, conditions: map[string]string{},
		sets: map[string]*unstructured.Unstructured{}, claims: map[string]*unstructured.Unstructured{},
		pods: podsOfOwner{},
	}
}

func (*deploymentWait) watches() []string {
	return []string{kindDeployment, kindReplicaSet, kindPod, kindClaim}
}

func (w *deploymentWait) object() *unstructured.Unstructured { return w.live }

func (w *deploymentWait) observe(kind string, deleted bool, object *unstructured.Unstructured) {
	switch kind {
	case kindDeployment:
		if !deleted && object.GetName() == w.live.GetName() && object.GetGeneration() >= w.live.GetGeneration() {
			w.observeSelf(object)
		}
	case kindReplicaSet:
		if ownedBy(object, w.live) {
			keep(w.sets, object.GetAnnotations()[revision], deleted, object)
		}
	case kindPod:
		w.pods.observe(deleted, object)
	case kindClaim:
		keep(w.claims, object.GetName(), deleted, object)
	}
}

func (w *deploymentWait) observeSelf(object *unstructured.Unstructured) {
	w.live = object
	w.conditions = map[string]string{}
	observed, found, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	w.reconciled = found && observed == object.GetGeneration()
	for _, c := range conditionsOf(object) {
		switch c.kind {
		case "Progressing":
			w.rolledOut = c.status == "True" && c.reason == "NewReplicaSetAvailable"
		case "Available":
			w.available = c.status == "True"
		default:
			continue
		}
		if c.status != "True" && c.reason != "" && c.message != "" {
			w.conditions[c.reason] = fmt.Sprintf("[%s] %s", c.reason, c.message)
		}
	}
}

func (w *deploymentWait) revision() string { return w.live.GetAnnotations()[revision] }

// replicas gives the ready and the wanted pods of the current ReplicaSet.
func (w *deploymentWait) replicas() (ready, wanted int64, exists bool) {
	set := w.sets[w.revision()]
	if set == nil || w.revision() == "" {
		return 0, 0, false
	}
	wanted, found, _ := unstructured.NestedInt64(set.Object, "spec", "replicas")
	if !found {
		wanted = 1
	}
	ready, _, _ = unstructured.NestedInt64(set.Object, "status", "readyReplicas")
	return ready, wanted, true
}

func (w *deploymentWait) podsReady() bool {
	ready, wanted, exists := w.replicas()
	return exists && ready >= wanted
}

func (w *deploymentWait) done() bool {
	return w.reconciled && w.available && (w.rolledOut || w.revision() == "1") &&
		w.podsReady() && len(w.unbound()) == 0
}

// unbound are the claims of the pod template that are not bound.
func (w *deploymentWait) unbound() []string {
	volumes, _, _ := unstructured.NestedSlice(w.live.Object, "spec", "template", "spec", "volumes")
	var names []string
	for _, volume := range volumes {
		fields, _ := volume.(map[string]any)
		name, found, _ := unstructured.NestedString(fields, "persistentVolumeClaim", "claimName")
		if claim := w.claims[name]; found && claim != nil && text(claim, "status", "phase") != "Bound" {
			names = append(names, name)
		}
	}
	return names
}

func (w *deploymentWait) progress() string {
	if ready, wanted, exists := w.replicas(); exists && ready < wanted {
		return fmt.Sprintf("Waiting for app ReplicaSet to be available (%d/%d Pods available)", ready, wanted)
	}
	return ""
}

func (w *deploymentWait) warnings() []string {
	problems := make([]string, 0, len(w.conditions))
	for _, message := range w.conditions {
		problems = append(problems, message)
	}
	sort.Strings(problems)
	for _, name := range w.unbound() {
		problems = append(problems, fmt.Sprintf("PersistentVolumeClaim: [%s] is not ready. status.phase currently at: %s",
			name, text(w.claims[name], "status", "phase")))
	}
	if set := w.sets[w.revision()]; set != nil {
		problems = append(problems, w.pods.problems(set)...)
	}
	return problems
}

func (w *deploymentWait) reasons() []string {
	reasons := make([]string, 0, len(w.conditions))
	for _, message := range w.conditions {
		reasons = append(reasons, message)
	}
	sort.Strings(reasons)
	if claims := w.unbound(); len(claims) > 0 {
		reasons = append(reasons, fmt.Sprintf("Failed to bind PersistentVolumeClaim(s): %q", strings.Join(claims, ",")))
	}
	first := w.revision() == "1"
	switch {
	case !w.available:
		reasons = append(reasons, "Minimum number of live Pods was not attained")
	case first && !w.podsReady(), !first && !w.rolledOut:
		reasons = append(reasons, "Minimum number of Pods to consider the application live was not attained")
	case !w.podsReady():
		reasons = append(reasons, "Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live")
	}
	if set := w.sets[w.revision()]; set != nil {
		reasons = append(reasons, w.pods.problems(set)...)
	}
	return reasons
}
