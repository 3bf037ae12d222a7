package kubernetes

import (
	"fmt"
	"sort"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// podWait is done when the pod is scheduled, initialised, and ready or finished.
type podWait struct{ live *unstructured.Unstructured }

func newPodWait(live *unstructured.Unstructured) *podWait { return &podWait{live: live} }

func (*podWait) watches() []string                    { return []string{kindPod} }
func (w *podWait) object() *unstructured.Unstructured { return w.live }
func (*podWait) limitFromLastChange()                 {}

func (w *podWait) observe(_ string, deleted bool, object *unstructured.Unstructured) {
	if !deleted && object.GetName() == w.live.GetName() {
		w.live = object
	}
}

// steps are the conditions in their order and how the wait for each is told.
var podSteps = []struct {
	condition corev1.PodConditionType
	told      string
}{
	{corev1.PodScheduled, "scheduled"}, {corev1.PodInitialized, "initialized"}, {corev1.PodReady, "ready"},
}

func (w *podWait) missing() string {
	for _, step := range podSteps {
		if step.condition == corev1.PodReady && text(w.live, "status", "phase") == "Succeeded" {
			return ""
		}
		if conditionStatus(w.live, string(step.condition)) != "True" {
			return step.told
		}
	}
	return ""
}

func (w *podWait) done() bool { return w.missing() == "" }

func (w *podWait) progress() string {
	if missing := w.missing(); missing != "" {
		return fmt.Sprintf("Waiting for Pod %q to be %s", shortName(w.live), missing)
	}
	return ""
}

func (w *podWait) reasons() []string  { return podProblems(w.live) }
func (w *podWait) warnings() []string { return podProblems(w.live) }

// podsOfOwner are the pods seen so far, by name.
type podsOfOwner map[string]*unstructured.Unstructured

func (p podsOfOwner) observe(deleted bool, pod *unstructured.Unstructured) {
	keep(p, pod.GetName(), deleted, pod)
}

// problems tells what is wrong with the pods that an object owns.
func (p podsOfOwner) problems(owner *unstructured.Unstructured) []string {
	var problems []string
	for _, pod := range p {
		if ownedBy(pod, owner) {
			problems = append(problems, podProblems(pod)...)
		}
	}
	sort.Strings(problems)
	return problems
}

// podProblems tells why a pod does not get on: its first unmet condition with the states of its
// containers.
func podProblems(object *unstructured.Unstructured) []string {
	var pod corev1.Pod
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &pod); err != nil {
		return []string{fmt.Sprintf("[Pod %s]: unreadable: %v", shortName(object), err)}
	}
	for _, step := range podSteps {
		for _, condition := range pod.Status.Conditions {
			if condition.Type != step.condition || condition.Status == corev1.ConditionTrue {
				continue
			}
			if step.condition == corev1.PodReady && pod.Status.Phase == corev1.PodSucceeded {
				return nil
			}
			containers := containerProblems(pod.Status.ContainerStatuses)
			if condition.Message == "" && len(containers) == 0 {
				return nil
			}
			told := fmt.Sprintf("[Pod %s]: ", shortName(object))
			if condition.Reason != "" {
				told += condition.Message
			}
			return []string{told + strings.Join(containers, "\n")}
		}
	}
	return nil
}

func containerProblems(statuses []corev1.ContainerStatus) []string {
	var problems []string
	for _, status := range statuses {
		if status.Ready {
			continue
		}
		if waiting := status.State.Waiting; waiting != nil && waiting.Reason != "ContainerCreating" {
			problems = append(problems, fmt.Sprintf("[%s] %s", waiting.Reason, waiting.Message))
		}
		if ended := status.State.Terminated; ended != nil && ended.Reason != "" {
			if ended.Message != "" {
				problems = append(problems, fmt.Sprintf("[%s] %s", ended.Reason, ended.Message))
			} else {
				problems = append(problems, fmt.Sprintf("container %q completed with exit code %d", status.Name, ended.ExitCode))
			}
		}
		if before := status.LastTerminationState.Terminated; before != nil {
			problems = append(problems, fmt.Sprintf("container %q terminated at %s (%s: exit code %d)", status.Name,
				before.FinishedAt.UTC().Format(time.RFC3339Nano), before.Reason, before.ExitCode))
		}
	}
	return problems
}
