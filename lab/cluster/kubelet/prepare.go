package kubelet

import (
	"context"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// retryMissing is how often a pod that lacks something looks for it again; the kubelet's own sync
// takes up to a minute, too long for a rehearsal.
const retryMissing = time.Second

// settled is how often a container that others wait for is looked at.
const settled = 50 * time.Millisecond

// awaitVolumes waits until every ConfigMap, Secret and claim that the pod mounts is there, and for a pod
// with processes until they are mounted. Until then the pod stays in ContainerCreating with an event
// that says what is missing.
func (w *worker) awaitVolumes(ctx context.Context, pod *corev1.Pod) error {
	said := ""
	for {
		err := w.setUpVolumes(ctx, pod)
		w.kubelet.use(pod.UID, w.volumes.InUse())
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if message := err.Error(); message != said {
			said = message
			w.mountFailed(err)
		}
		if !pause(ctx, retryMissing) {
			return ctx.Err()
		}
	}
}

func (w *worker) setUpVolumes(ctx context.Context, pod *corev1.Pod) error {
	if w.kubelet.hasProcesses(pod) {
		return w.volumes.SetUp(ctx)
	}
	return w.volumes.SetUpPlayed(ctx)
}

func (w *worker) mountFailed(err error) {
	w.kubelet.recorder.Event(w.pod, corev1.EventTypeWarning, "FailedMount", err.Error())
}

// prepare waits until every container has its image and its environment. Until then the container
// waits with the kubelet's reasons: ImagePullBackOff or CreateContainerConfigError.
func (w *worker) prepare(ctx context.Context, pod *corev1.Pod, address netip.Addr) ([]runnable, error) {
	for {
		ready := true
		for i := range pod.Spec.InitContainers {
			_, ok := w.inspect(ctx, pod, &pod.Spec.InitContainers[i], address, slot{init: true, index: i})
			ready = ready && ok
		}
		var list []runnable
		for i := range pod.Spec.Containers {
			if !ready && len(pod.Spec.InitContainers) > 0 {
				break
			}
			container := &pod.Spec.Containers[i]
			environment, ok := w.inspect(ctx, pod, container, address, slot{index: i})
			ready = ready && ok
			list = append(list, runnable{
				spec: container, environment: environment, address: address, at: slot{index: i}, policy: policyOf(pod),
			})
		}
		if ready {
			return list, nil
		}
		if !pause(ctx, retryMissing) {
			return nil, ctx.Err()
		}
	}
}

// inspect checks one container and records why it cannot start.
func (w *worker) inspect(
	ctx context.Context, pod *corev1.Pod, container *corev1.Container, address netip.Addr, at slot,
) (map[string]string, bool) {
	first, reason := "CreateContainerConfigError", "CreateContainerConfigError"
	var environment map[string]string
	err := pullError(container.Image)
	if err != nil {
		first, reason = "ErrImagePull", "ImagePullBackOff"
	} else if environment, err = w.kubelet.environment(ctx, pod, container, address.String()); err == nil {
		if image, isProcess := w.kubelet.processOf(container); isProcess {
			err = image.Verify(pod, container)
		}
	}
	if err == nil || ctx.Err() != nil {
		return environment, err == nil
	}
	announce := false
	w.change(func(s *podState) {
		state := at.of(s)
		announce = state.message != err.Error()
		state.running, state.message = nil, err.Error()
		if state.waiting == first || state.waiting == reason {
			state.waiting = reason
		} else {
			state.waiting = first
		}
	})
	if announce {
		w.kubelet.recorder.Event(pod, corev1.EventTypeWarning, "Failed", "Error: "+err.Error())
	}
	return nil, false
}
