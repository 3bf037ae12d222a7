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

// podSteps are the conditions that a pod must meet, in their order.
var podSteps = []corev1.PodConditionType{corev1.PodScheduled, corev1.PodInitialized, corev1.PodReady}

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
			if condition.Type != step || condition.Status == corev1.ConditionTrue {
				continue
			}
			if step == corev1.PodReady && pod.Status.Phase == corev1.PodSucceeded {
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
