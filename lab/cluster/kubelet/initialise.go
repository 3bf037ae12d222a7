package kubelet

import (
	"context"
	"net/netip"
	"sync"

	corev1 "k8s.io/api/core/v1"
)

// initialise runs the init containers, one after the other: a process to its end, a sidecar until it has
// started, and any other at once. It is false when one has failed for good, or ctx has ended.
func (w *worker) initialise(ctx, helpers context.Context, pod *corev1.Pod, address netip.Addr, sidecars *sync.WaitGroup) (bool, error) {
	for i := range pod.Spec.InitContainers {
		spec := &pod.Spec.InitContainers[i]
		image, isProcess := w.kubelet.processOf(spec)
		container := runnable{spec: spec, address: address, at: slot{init: true, index: i}, probed: isProcess}
		sidecar := spec.RestartPolicy != nil && *spec.RestartPolicy == corev1.ContainerRestartPolicyAlways
		switch {
		case !isProcess:
			now := thisSecond()
			w.edit(container.at, func(c *containerState) {
				c.running, c.ready = &now, true
				if !sidecar {
					c.finished = &now
				}
			})
		case sidecar:
			container.policy = corev1.RestartPolicyAlways
			sidecars.Go(func() {
				w.keepRunning(helpers, container, func() error { return w.runProcess(helpers, image, container) })
			})
			if !w.await(ctx, func(s *podState) bool { c := container.at.of(s); return c.running != nil && !c.starting }) {
				return false, ctx.Err()
			}
		default:
			// A pod that runs on tries a failed init container again (pod-lifecycle, init containers).
			container.policy = corev1.RestartPolicyOnFailure
			if pod.Spec.RestartPolicy == corev1.RestartPolicyNever {
				container.policy = corev1.RestartPolicyNever
			}
			w.keepRunning(ctx, container, func() error { return w.runProcess(ctx, image, container) })
			failed := false
			w.edit(container.at, func(c *containerState) {
				failed = c.finished == nil || c.exitCode != 0
				c.ready = !failed
			})
			if failed {
				return false, ctx.Err()
			}
		}
	}
	return true, nil
}

// await waits until the state is as wanted, and tells whether ctx still lives.
func (w *worker) await(ctx context.Context, wanted func(*podState) bool) bool {
	for {
		w.mu.Lock()
		there := wanted(&w.state)
		w.mu.Unlock()
		if there {
			return true
		}
		if !pause(ctx, settled) {
			return false
		}
	}
}
