package kubelet

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"homelab/lab/cluster/kubelet/program"
)

// crashPause is the first pause before a crashed program starts again; it doubles up to crashPauses
// (the kubelet's are 10 s and 5 min).
const (
	crashPause  = time.Second
	crashPauses = 30 * time.Second
)

// runnable is a container that may start: its image is there and its environment complete.
type runnable struct {
	spec        *corev1.Container
	environment map[string]string
	// address is the pod's.
	address netip.Addr
}

// launch runs the container's program, or lets one without a program become ready or complete.
func (w *worker) launch(ctx context.Context, container runnable, index int, programs *sync.WaitGroup) {
	pod := w.pod
	behaviour := programOf(pod, container.spec)
	switch {
	case behaviour != nil:
		programs.Go(func() { w.keepRunning(ctx, behaviour, container, index) })
	case !restartsAlways(pod):
		programs.Go(func() { w.complete(ctx, index) })
	default:
		programs.Go(func() {
			if pause(ctx, program.ProbeDelay(container.spec)) {
				w.change(func(s *podState) { s.containers[index].ready = true })
			}
		})
	}
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

func (w *worker) complete(ctx context.Context, index int) {
	if !pause(ctx, jobDuration) {
		return
	}
	now := metav1.Now()
	w.change(func(s *podState) { s.containers[index].finished = &now })
}

// keepRunning runs a program again each time it crashes, after growing pauses. In a pod that is to end, one that ends well
// has done its work.
func (w *worker) keepRunning(ctx context.Context, behaviour program.Program, container runnable, index int) {
	for wait := crashPause; ; wait = min(2*wait, crashPauses) {
		began := metav1.Now()
		w.change(func(s *podState) { s.containers[index].running = &began })
		err := behaviour(ctx, w.view(container, index))
		if ctx.Err() != nil {
			return
		}
		if err == nil && !restartsAlways(w.pod) {
			done := metav1.Now()
			w.change(func(s *podState) { s.containers[index].finished = &done })
			return
		}
		if err == nil {
			err = fmt.Errorf("%s ended by itself", container.spec.Name)
		}
		w.kubelet.log.Warn("container crashed", "pod", w.pod.Namespace+"/"+w.pod.Name, "container", container.spec.Name, "error", err)
		w.kubelet.recorder.Eventf(w.pod, corev1.EventTypeWarning, "BackOff",
			"Back-off restarting failed container %s in pod %s: %v", container.spec.Name, w.pod.Name, err)
		now := metav1.Now()
		w.change(func(s *podState) {
			state := s.containers[index]
			state.lastTermination = &corev1.ContainerStateTerminated{
				ExitCode: 1, Reason: "Error", Message: err.Error(), StartedAt: began, FinishedAt: now,
			}
			state.running, state.ready = nil, false
			state.restarts++
			state.waiting, state.message = "CrashLoopBackOff", fmt.Sprintf("back-off %s restarting failed container: %v", wait, err)
		})
		if !pause(ctx, wait) {
			return
		}
	}
}

// view is what the program sees of its container.
func (w *worker) view(container runnable, index int) program.Container {
	pod := w.pod
	return program.Container{
		Node: w.kubelet.options.NodeName, NodeIP: w.kubelet.nodeIP, PodIP: container.address, Pod: pod, Spec: container.spec,
		Env: container.environment, API: w.kubelet.podAPI(pod, container.environment),
		ConfigVolume: func(ctx context.Context, volume string) (map[string]string, error) {
			return w.kubelet.configVolume(ctx, pod, volume)
		},
		SecretVolume: func(ctx context.Context, volume string) (map[string]string, error) {
			return w.kubelet.secretVolume(ctx, pod, volume)
		},
		Resolve: func(ctx context.Context, host string) (netip.Addr, error) {
			return w.kubelet.services.resolve(ctx, pod, host)
		},
		Ready:   func(ready bool) { w.change(func(s *podState) { s.containers[index].ready = ready }) },
		Network: w.kubelet.network,
		Logger:  w.kubelet.log.With("container", container.spec.Name),
	}
}
