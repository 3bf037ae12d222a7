package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func address(pod *corev1.Pod) string {
	return net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(adminPort))
}

// runs is what the operator takes for a pod that is ready: by ContainersReady, which nobody takes back of a node that is silent
// (internal/controller/util.go, isReady).
func runs(pod *corev1.Pod) bool {
	if pod.Status.Phase != corev1.PodRunning || pod.Status.PodIP == "" {
		return false
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.ContainersReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func terminating(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp != nil || slices.ContainsFunc(pod.Status.Conditions, func(one corev1.PodCondition) bool {
		return one.Type == corev1.DisruptionTarget && one.Status == corev1.ConditionTrue
	})
}

// usable is whether a pod runs and has loaded. One that does not answer is an error, not "no" (dragonfly_instance.go,
// isPodReady): so no other becomes the master while a lost node's pod is not to be deleted (issue 302).
func usable(ctx context.Context, pod *corev1.Pod) (bool, error) {
	if !runs(pod) || terminating(pod) {
		return false, nil
	}
	told, err := ask(ctx, address(pod), "INFO", "persistence")
	if err != nil {
		return false, fmt.Errorf("failed to determine dataset load status: %w", err)
	}
	return fields(told)["loading"] == "0", nil
}

// replicate sees to it that one pod is the master and the others copy from it (dragonfly_pod_lifecycle_controller.go).
func (o *operator) replicate(ctx context.Context, one *dragonfly) error {
	pods, err := o.pods(one.Namespace, one.Name)
	if err != nil {
		return err
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	master, err := masterOf(ctx, pods)
	if err != nil {
		return err
	}
	if master == nil {
		return o.elect(ctx, one, pods)
	}
	told, err := ask(ctx, address(master), "INFO", "replication")
	if err == nil && fields(told)["role"] != "master" {
		return o.promote(ctx, master)
	}
	for _, pod := range pods {
		if pod.Name == master.Name {
			continue
		}
		well, err := usable(ctx, pod)
		if err != nil {
			return err
		}
		if !well {
			continue
		}
		if pod.Labels[roleLabel] == "replica" && follows(ctx, pod, master.Status.PodIP) {
			continue
		}
		if err := o.follow(ctx, pod, master.Status.PodIP); err != nil {
			return err
		}
	}
	return nil
}

// masterOf is the one master that is well; nil where there is none, or more than one.
func masterOf(ctx context.Context, pods []*corev1.Pod) (*corev1.Pod, error) {
	var found []*corev1.Pod
	for _, pod := range pods {
		if pod.Labels[roleLabel] != "master" {
			continue
		}
		well, err := usable(ctx, pod)
		if err != nil {
			return nil, fmt.Errorf("failed to verify master readiness: %w", err)
		}
		if well {
			found = append(found, pod)
		}
	}
	if len(found) != 1 {
		return nil, nil
	}
	return found[0], nil
}

func follows(ctx context.Context, pod *corev1.Pod, master string) bool {
	told, err := ask(ctx, address(pod), "INFO", "replication")
	return err == nil && fields(told)["role"] != "master" && fields(told)["master_host"] == master
}

// elect takes the label from masters that are none, and makes the pod with most data the master: one that was a replica before
// others, then by what it has received, then by number (util.go, selectMasterCandidate).
func (o *operator) elect(ctx context.Context, one *dragonfly, pods []*corev1.Pod) error {
	for _, pod := range pods {
		if pod.Labels[roleLabel] == "master" {
			if err := o.mark(ctx, pod, map[string]any{roleLabel: nil}, ""); err != nil {
				return err
			}
		}
	}
	var best *corev1.Pod
	most := int64(math.MinInt64)
	for _, pod := range pods {
		well, err := usable(ctx, pod)
		if err != nil || !well {
			continue
		}
		rank := int64(0)
		if told, err := ask(ctx, address(pod), "INFO", "replication"); err == nil {
			rank, _ = strconv.ParseInt(fields(told)["slave_repl_offset"], 10, 64) // A master has none, which counts as nothing.
		}
		if pod.Labels[roleLabel] == "replica" {
			rank += math.MaxInt64 / 2
		}
		if rank > most {
			best, most = pod, rank
		}
	}
	if best == nil {
		return errors.New("no healthy pod available to set up a master")
	}
	if err := o.setPhase(ctx, one, configuring); err != nil {
		return err
	}
	if err := o.promote(ctx, best); err != nil {
		return err
	}
	return o.setPhase(ctx, one, ready)
}

func (o *operator) promote(ctx context.Context, pod *corev1.Pod) error {
	if _, err := ask(ctx, address(pod), "SLAVEOF", "NO", "ONE"); err != nil {
		return fmt.Errorf("error running SLAVE OF NO ONE command: %w", err)
	}
	return o.mark(ctx, pod, map[string]any{roleLabel: "master", masterLabel: nil}, pod.Status.PodIP)
}

func (o *operator) follow(ctx context.Context, pod *corev1.Pod, master string) error {
	if _, err := ask(ctx, address(pod), "SLAVEOF", master, strconv.Itoa(adminPort)); err != nil {
		return fmt.Errorf("error running SLAVE OF command: %w", err)
	}
	return o.mark(ctx, pod, map[string]any{roleLabel: "replica", masterLabel: master}, master)
}

func (o *operator) mark(ctx context.Context, pod *corev1.Pod, labels map[string]any, master string) error {
	about := map[string]any{"labels": labels}
	if master != "" {
		about["annotations"] = map[string]string{masterNote: master}
	}
	patch, err := json.Marshal(map[string]any{"metadata": about})
	if err != nil {
		return err
	}
	_, err = o.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

func latest(pod *corev1.Pod, revision string) bool {
	return pod.Labels[appsv1.StatefulSetRevisionLabel] == revision
}

// rollOut replaces pods of another template: replicas one after the other, each once those before it are in step, then the
// master, whose place a new replica takes (dragonfly_controller.go). An instance that was never ready is not changed (issue 138).
func (o *operator) rollOut(ctx context.Context, one *dragonfly) error {
	if one.Status.Phase != ready && one.Status.Phase != rollingUpdate {
		return nil
	}
	set, err := o.sets(one.Namespace, one.Name)
	if err != nil || set.Status.ObservedGeneration < set.Generation {
		return err
	}
	pods, err := o.pods(one.Namespace, one.Name)
	if err != nil {
		return err
	}
	slices.SortFunc(pods, func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	revision := set.Status.UpdateRevision
	if one.Status.Phase == ready {
		if !slices.ContainsFunc(pods, func(pod *corev1.Pod) bool { return !latest(pod, revision) }) {
			return nil
		}
		if err := o.setPhase(ctx, one, rollingUpdate); err != nil {
			return err
		}
	}
	var master *corev1.Pod
	var old, updated []*corev1.Pod
	for _, pod := range pods {
		if terminating(pod) {
			return errors.New("waiting for " + pod.Name + " to terminate")
		}
		if !latest(pod, revision) && !runs(pod) {
			return o.remove(ctx, pod)
		}
		well, err := usable(ctx, pod)
		if err != nil || !well || pod.Labels[roleLabel] == "" {
			return errors.Join(err, errors.New("waiting for "+pod.Name+" to finish startup"))
		}
		switch {
		case pod.Labels[roleLabel] == "master":
			master = pod
		case latest(pod, revision):
			updated = append(updated, pod)
		default:
			old = append(old, pod)
		}
	}
	if master == nil || len(old)+len(updated) != int(one.Spec.Replicas)-1 {
		return errors.New("waiting for all replicas to be configured")
	}
	for _, pod := range updated {
		told, err := ask(ctx, address(pod), "INFO", "replication")
		if is := fields(told); err != nil || is["master_sync_in_progress"] == "1" || is["master_link_status"] != "up" {
			return errors.Join(err, errors.New("not all new replicas are in stable status yet"))
		}
	}
	switch {
	case len(old) > 0:
		return o.remove(ctx, old[0])
	case !latest(master, revision) && len(updated) == 0:
		return o.remove(ctx, master)
	case !latest(master, revision):
		return o.takeOver(ctx, updated[0], master)
	}
	return o.setPhase(ctx, one, ready)
}

func (o *operator) takeOver(ctx context.Context, next, old *corev1.Pod) error {
	if _, err := ask(ctx, address(next), "REPLTAKEOVER", "10000"); err != nil {
		return fmt.Errorf("error running REPLTAKEOVER command: %w", err)
	}
	if err := o.mark(ctx, next, map[string]any{roleLabel: "master", masterLabel: nil}, next.Status.PodIP); err != nil {
		return err
	}
	return o.remove(ctx, old)
}

func (o *operator) remove(ctx context.Context, pod *corev1.Pod) error {
	return o.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{})
}
