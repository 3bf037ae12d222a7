package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// containerState is where one container is: waiting for a reason, running since a time, or finished.
type containerState struct {
	name, image string
	waiting     string
	message     string
	running     *metav1.Time
	finished    *metav1.Time
	exitCode    int32
	// reason is why a finished one ended, if that is more than its exit code says.
	reason string
	// starting is whether its startup probe has not succeeded yet.
	starting        bool
	ready           bool
	restarts        int32
	lastTermination *corev1.ContainerStateTerminated
}

// thisSecond is the time as the API keeps it: with a fraction what was written would never be what is wanted (normalizeStatus,
// pkg/kubelet/status/status_manager.go).
func thisSecond() metav1.Time { return metav1.Now().Rfc3339Copy() }

// podState is what the kubelet says of a pod.
type podState struct {
	started     metav1.Time
	address     netip.Addr
	initialised bool
	init        []*containerState
	containers  []*containerState
}

func (c *containerState) status() corev1.ContainerStatus {
	started := c.running != nil && c.finished == nil && !c.starting
	status := corev1.ContainerStatus{
		Name: c.name, Image: c.image, ImageID: c.image, Ready: c.ready, RestartCount: c.restarts, Started: &started,
	}
	if c.lastTermination != nil {
		status.LastTerminationState.Terminated = c.lastTermination
	}
	switch {
	case c.finished != nil:
		status.ContainerID = "lab://" + c.name
		status.State.Terminated = c.termination()
	case c.running != nil:
		status.ContainerID = "lab://" + c.name
		status.State.Running = &corev1.ContainerStateRunning{StartedAt: *c.running}
	default:
		status.ImageID = ""
		status.State.Waiting = &corev1.ContainerStateWaiting{Reason: c.waiting, Message: c.message}
	}
	return status
}

func (c *containerState) termination() *corev1.ContainerStateTerminated {
	ended := &corev1.ContainerStateTerminated{
		ExitCode: c.exitCode, Reason: "Completed", FinishedAt: *c.finished, ContainerID: "lab://" + c.name, Message: c.message,
	}
	if c.exitCode != 0 {
		ended.Reason = "Error"
	}
	if c.reason != "" {
		ended.Reason = c.reason
	}
	if c.running != nil {
		ended.StartedAt = *c.running
	}
	return ended
}

func (s podState) phase() corev1.PodPhase {
	running, finished, failed := 0, 0, 0
	for _, container := range s.init {
		if container.finished != nil && container.exitCode != 0 {
			return corev1.PodFailed
		}
	}
	for _, container := range s.containers {
		switch {
		case container.finished != nil:
			finished++
			if container.exitCode != 0 {
				failed++
			}
		case container.running != nil || container.restarts > 0:
			running++
		}
	}
	switch {
	case finished == len(s.containers) && failed > 0:
		return corev1.PodFailed
	case finished == len(s.containers):
		return corev1.PodSucceeded
	case running > 0:
		return corev1.PodRunning
	default:
		return corev1.PodPending
	}
}

// apply writes the state into status; conditions keep their transition times where they stay.
func (s podState) apply(pod *corev1.Pod, node netip.Addr) {
	status := &pod.Status
	status.Phase = s.phase()
	status.ObservedGeneration = pod.Generation
	status.StartTime = &s.started
	status.HostIP = node.String()
	status.HostIPs = []corev1.HostIP{{IP: node.String()}}
	status.PodIP, status.PodIPs = "", nil
	if s.address.IsValid() {
		status.PodIP = s.address.String()
		status.PodIPs = []corev1.PodIP{{IP: s.address.String()}}
	}
	status.InitContainerStatuses, status.ContainerStatuses = statuses(s.init), statuses(s.containers)
	over := status.Phase == corev1.PodSucceeded || status.Phase == corev1.PodFailed
	ready, message := true, ""
	for _, container := range s.containers {
		if !container.ready {
			ready = false
			message = fmt.Sprintf("containers with unready status: [%s]", container.name)
		}
	}
	reason := "ContainersNotReady"
	if over {
		reason, message = "PodCompleted", ""
	}
	setPodCondition(status, corev1.PodReadyToStartContainers, s.address.IsValid() && !over, "", "")
	setPodCondition(status, corev1.PodInitialized, s.initialised || len(s.init) == 0, "ContainersNotInitialized", "")
	setPodCondition(status, corev1.ContainersReady, ready && !over, reason, message)
	for _, gate := range pod.Spec.ReadinessGates {
		if !conditionTrue(status, gate.ConditionType) {
			ready, reason = false, "ReadinessGatesNotReady"
			message = fmt.Sprintf("corresponding condition of pod readiness gate %q does not exist or is not True.", gate.ConditionType)
		}
	}
	setPodCondition(status, corev1.PodReady, ready && !over, reason, message)
	setPodCondition(status, corev1.PodScheduled, true, "", "")
}

func statuses(states []*containerState) []corev1.ContainerStatus {
	var list []corev1.ContainerStatus
	for _, state := range states {
		list = append(list, state.status())
	}
	return list
}

func conditionTrue(status *corev1.PodStatus, kind corev1.PodConditionType) bool {
	for _, condition := range status.Conditions {
		if condition.Type == kind {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// setPodCondition sets a condition; reason and message hold only for a false one.
func setPodCondition(status *corev1.PodStatus, kind corev1.PodConditionType, holds bool, reason, message string) {
	condition := corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: thisSecond()}
	if !holds {
		condition.Status, condition.Reason, condition.Message = corev1.ConditionFalse, reason, message
	}
	for i := range status.Conditions {
		existing := &status.Conditions[i]
		if existing.Type == kind {
			if existing.Status == condition.Status {
				condition.LastTransitionTime = existing.LastTransitionTime
			}
			condition.ObservedGeneration = existing.ObservedGeneration
			*existing = condition
			return
		}
	}
	status.Conditions = append(status.Conditions, condition)
}

// writePodStatus brings the API's status to state; it writes nothing when that of the pod, as the node's watch has it, agrees. The
// patch names the pod's uid, so that a pod recreated under the same name is not touched.
func (k *kubelet) writePodStatus(ctx context.Context, pod *corev1.Pod, state podState) error {
	changed := pod.DeepCopy()
	state.apply(changed, k.nodeIP)
	if equality.Semantic.DeepEqual(pod.Status, changed.Status) {
		return nil
	}
	patch, err := statusPatch(pod, changed)
	if err != nil {
		return err
	}
	_, err = k.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

func statusPatch(current, changed *corev1.Pod) ([]byte, error) {
	before, err := json.Marshal(corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: ""}, Status: current.Status})
	if err != nil {
		return nil, err
	}
	after, err := json.Marshal(corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: current.UID}, Status: changed.Status})
	if err != nil {
		return nil, err
	}
	return strategicpatch.CreateTwoWayMergePatch(before, after, corev1.Pod{})
}
