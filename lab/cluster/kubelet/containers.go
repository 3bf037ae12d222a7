package kubelet

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"homelab/lab/cluster/kubelet/process"
	"homelab/lab/cluster/kubelet/program"
)

// crashPause is the first pause before a crashed program starts again; it doubles up to crashPauses
// (the kubelet's are 10 s and 5 min). A program that has run for steady starts with the first one again.
const (
	crashPause  = time.Second
	crashPauses = 30 * time.Second
	steady      = 10 * time.Minute
)

// runnable is a container that may start: its image is there and its environment complete.
type runnable struct {
	spec        *corev1.Container
	environment map[string]string
	// address is the pod's.
	address netip.Addr
	at      slot
	policy  corev1.RestartPolicy
	// probed is whether it has started only once its probes say so, as every process.
	probed bool
}

// slot is a container's place in its pod.
type slot struct {
	init  bool
	index int
}

func (at slot) of(s *podState) *containerState {
	if at.init {
		return s.init[at.index]
	}
	return s.containers[at.index]
}

// edit changes the state of one container and has it written.
func (w *worker) edit(at slot, change func(*containerState)) {
	w.change(func(s *podState) { change(at.of(s)) })
}

// launch runs the container's program, or lets one without a program become ready or complete. A program
// of this process cannot listen in a network that a pod has of its own: beside processes it is played.
func (w *worker) launch(ctx context.Context, container runnable, programs *sync.WaitGroup) {
	image, isProcess := w.kubelet.processOf(container.spec)
	container.probed = isProcess
	behaviour := programOf(w.pod, container.spec)
	switch {
	case isProcess:
		programs.Go(func() {
			w.keepRunning(ctx, container, func() error { return w.runProcess(ctx, image, container) })
		})
	case behaviour != nil && w.network == nil:
		programs.Go(func() {
			w.keepRunning(ctx, container, func() error { return runOnce(ctx, behaviour, w.view(container)) })
		})
	case container.policy != corev1.RestartPolicyAlways:
		programs.Go(func() { w.complete(ctx, container.at) })
	default:
		programs.Go(func() {
			if pause(ctx, program.ProbeDelay(container.spec)) {
				w.edit(container.at, func(c *containerState) { c.ready = true })
			}
		})
	}
}

// runOnce runs a program for one start of its container: what it began, such as answering at a port, ends with it, and the
// next start can begin it anew.
func runOnce(ctx context.Context, behaviour program.Program, container program.Container) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	return behaviour(ctx, container)
}

// pause waits and tells whether ctx still lives.
func pause(ctx context.Context, length time.Duration) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (w *worker) complete(ctx context.Context, at slot) {
	if !pause(ctx, jobDuration) {
		return
	}
	now := thisSecond()
	w.edit(at, func(c *containerState) { c.finished = &now })
}

// keepRunning runs a program and runs it again when it has ended, after growing pauses, as far as the
// restart policy says so.
func (w *worker) keepRunning(ctx context.Context, container runnable, run func() error) {
	for wait := crashPause; ; wait = min(2*wait, crashPauses) {
		began := thisSecond()
		w.edit(container.at, func(c *containerState) { c.running, c.finished, c.starting = &began, nil, container.probed })
		err := run()
		if ctx.Err() != nil {
			return
		}
		end := w.termination(began, err, container.policy)
		if !startsAgain(container.policy, end.ExitCode) {
			w.edit(container.at, func(c *containerState) {
				c.finished, c.exitCode, c.reason, c.message, c.ready = &end.FinishedAt, end.ExitCode, end.Reason, end.Message, false
			})
			return
		}
		if time.Since(began.Time) > steady {
			wait = crashPause
		}
		cause := fmt.Sprint(err)
		if err == nil {
			cause = container.spec.Name + " ended by itself"
		}
		w.kubelet.log.Warn("container crashed", "pod", w.pod.Namespace+"/"+w.pod.Name, "container", container.spec.Name, "error", cause)
		w.kubelet.recorder.Eventf(w.pod, corev1.EventTypeWarning, "BackOff",
			"Back-off restarting failed container %s in pod %s: %s", container.spec.Name, w.pod.Name, cause)
		w.edit(container.at, func(c *containerState) {
			c.lastTermination = end
			c.running, c.ready = nil, false
			c.restarts++
			c.waiting, c.message = "CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container: %s", wait, cause)
		})
		if !pause(ctx, wait) {
			return
		}
	}
}

// startsAgain is https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy.
func startsAgain(policy corev1.RestartPolicy, exitCode int32) bool {
	return policy == corev1.RestartPolicyAlways || policy == corev1.RestartPolicyOnFailure && exitCode != 0
}

// termination is how a program's end is told. One in this process has no exit code: 1 stands for its error.
func (w *worker) termination(began metav1.Time, err error, policy corev1.RestartPolicy) *corev1.ContainerStateTerminated {
	end := &corev1.ContainerStateTerminated{StartedAt: began, FinishedAt: thisSecond()}
	var ended endedError
	switch {
	case errors.As(err, &ended):
		end.ExitCode, end.Message = ended.exit.Code, ended.message
	case errors.As(err, new(process.StartError)):
		end.ExitCode, end.Reason, end.Message = 128, "StartError", err.Error()
		return end
	case err != nil:
		end.ExitCode, end.Message = 1, err.Error()
	case policy == corev1.RestartPolicyAlways:
		end.ExitCode, end.Message = 1, "ended by itself"
	}
	end.Reason = "Completed"
	if end.ExitCode != 0 {
		end.Reason = "Error"
	}
	return end
}

// view is what the program sees of its container.
func (w *worker) view(container runnable) program.Container {
	pod := w.pod
	return program.Container{
		Node: w.kubelet.options.NodeName, NodeIP: w.kubelet.nodeIP, PodIP: container.address, Pod: pod, Spec: container.spec,
		Env: container.environment, API: w.kubelet.podAPI(pod, container.environment),
		ConfigVolume: w.volumes.ConfigMapFiles, SecretVolume: w.volumes.SecretFiles,
		Resolve: func(ctx context.Context, host string) (netip.Addr, error) {
			return w.kubelet.services.resolve(ctx, pod, host)
		},
		Ready:   func(ready bool) { w.edit(container.at, func(c *containerState) { c.ready = ready }) },
		Network: w.kubelet.network, Drivers: w.kubelet,
		Logger: w.kubelet.log.With("container", container.spec.Name),
	}
}
