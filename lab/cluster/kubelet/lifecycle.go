package kubelet

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// jobDuration is how long a container without a program runs in a pod that is to end.
const jobDuration = 300 * time.Millisecond

// worker runs one pod. It leaves out what needs real containers: exec and HTTP probes are not
// called, restarts happen only to programs, host ports may overlap, and a grace period ends as soon
// as the programs have stopped.
type worker struct {
	kubelet *kubelet
	log     interface{ Info(string, ...any) }
	changed chan struct{}
	stop    context.CancelFunc
	// held is the address that the machine answers at for this pod; only run's goroutine uses it.
	held netip.Addr

	mu       sync.Mutex
	pod      *corev1.Pod
	state    podState
	deleted  bool
	vanished bool
}

func newWorker(k *kubelet, pod *corev1.Pod) *worker {
	w := &worker{kubelet: k, log: k.log.With("pod", pod.Namespace+"/"+pod.Name), pod: pod, stop: func() {}}
	w.changed = make(chan struct{}, 1)
	w.deleted = pod.DeletionTimestamp != nil
	w.state = podState{started: metav1.Now()}
	if pod.Status.StartTime != nil {
		w.state.started = *pod.Status.StartTime
	}
	w.state.init = waiting(pod.Spec.InitContainers, pod.Status.InitContainerStatuses, "PodInitializing")
	reason := "ContainerCreating"
	if len(pod.Spec.InitContainers) > 0 {
		reason = "PodInitializing"
	}
	w.state.containers = waiting(pod.Spec.Containers, pod.Status.ContainerStatuses, reason)
	return w
}

// waiting returns containers that have not started; those that ran before this kubelet started are
// counted as restarted.
func waiting(containers []corev1.Container, before []corev1.ContainerStatus, reason string) []*containerState {
	var states []*containerState
	for _, container := range containers {
		state := &containerState{name: container.Name, image: container.Image, waiting: reason}
		for _, old := range before {
			if old.Name == container.Name {
				state.restarts = old.RestartCount
				if old.ContainerID != "" {
					state.restarts++
				}
			}
		}
		states = append(states, state)
	}
	return states
}

func (w *worker) update(pod *corev1.Pod) {
	w.mu.Lock()
	w.pod = pod
	w.deleted = w.deleted || pod.DeletionTimestamp != nil
	deleted, stop := w.deleted, w.stop
	w.mu.Unlock()
	if deleted {
		stop()
	}
	w.notify()
}

func (w *worker) vanish() {
	w.mu.Lock()
	w.deleted, w.vanished = true, true
	stop := w.stop
	w.mu.Unlock()
	stop()
}

func (w *worker) notify() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// change edits the state and has it written.
func (w *worker) change(edit func(*podState)) {
	w.mu.Lock()
	edit(&w.state)
	w.mu.Unlock()
	w.notify()
}

// run keeps the pod until it is deleted or ctx ends.
func (w *worker) run(ctx context.Context) {
	life, stop := context.WithCancel(ctx)
	defer stop()
	w.mu.Lock()
	w.stop = stop
	if w.deleted {
		stop()
	}
	pod := w.pod
	w.mu.Unlock()

	var programs sync.WaitGroup
	programs.Go(func() { w.write(life) })
	if err := w.start(life, pod, &programs); err != nil && life.Err() == nil {
		w.log.Info("pod cannot start", "error", err)
	}
	<-life.Done()
	programs.Wait()
	w.releaseAddress()
	w.kubelet.network.release(string(pod.UID))
	w.mu.Lock()
	deleted, vanished := w.deleted, w.vanished
	w.mu.Unlock()
	if deleted && !vanished {
		w.kubelet.confirmDeletion(ctx, pod)
	}
}

// write brings the API's status to the worker's, after each change of either.
func (w *worker) write(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.changed:
		}
		err := w.kubelet.insist(ctx, "write a pod's status", func() error {
			w.mu.Lock()
			pod, state := w.pod, w.state.copy()
			w.mu.Unlock()
			err := w.kubelet.writePodStatus(ctx, pod, state)
			if apierrors.IsNotFound(err) || errors.Is(err, errReplaced) {
				return nil
			}
			return err
		})
		if err != nil {
			return
		}
	}
}

func (s podState) copy() podState {
	copied := s
	copied.init, copied.containers = nil, nil
	for _, state := range s.init {
		duplicate := *state
		copied.init = append(copied.init, &duplicate)
	}
	for _, state := range s.containers {
		duplicate := *state
		copied.containers = append(copied.containers, &duplicate)
	}
	return copied
}

// start takes the pod from its sandbox over its init containers to its running containers.
func (w *worker) start(ctx context.Context, pod *corev1.Pod, programs *sync.WaitGroup) error {
	w.notify()
	address, err := w.sandbox(ctx, pod)
	if err != nil {
		return err
	}
	w.change(func(s *podState) { s.address = address })
	containers, err := w.prepare(ctx, pod, address)
	if err != nil {
		return err
	}
	if err := w.holdAddress(pod, address); err != nil {
		return err
	}
	now := metav1.Now()
	w.change(func(s *podState) {
		s.initialised = true
		for i, state := range s.init {
			state.running = &now
			always := pod.Spec.InitContainers[i].RestartPolicy
			if always != nil && *always == corev1.ContainerRestartPolicyAlways {
				state.ready = true
				continue
			}
			state.finished, state.ready = &now, true
		}
		for _, state := range s.containers {
			state.running = &now
		}
	})
	for i := range containers {
		w.launch(ctx, containers[i], i, programs)
	}
	return nil
}

// sandbox waits for the pod's volumes and network and returns its address.
func (w *worker) sandbox(ctx context.Context, pod *corev1.Pod) (netip.Addr, error) {
	if err := w.awaitVolumes(ctx, pod); err != nil {
		return netip.Addr{}, err
	}
	if pod.Spec.HostNetwork {
		return w.kubelet.nodeIP, nil
	}
	if !w.kubelet.network.isReady() {
		w.kubelet.recorder.Event(pod, corev1.EventTypeWarning, "NetworkNotReady", "network is not ready: "+notInitialised)
	}
	select {
	case <-ctx.Done():
		return netip.Addr{}, ctx.Err()
	case <-w.kubelet.network.ready:
	}
	wanted, err := netip.ParseAddr(pod.Status.PodIP)
	if err != nil {
		wanted = netip.Addr{}
	}
	address, err := w.kubelet.network.allocate(string(pod.UID), wanted)
	if err != nil {
		w.kubelet.recorder.Event(pod, corev1.EventTypeWarning, "FailedCreatePodSandBox",
			"Failed to create pod sandbox: plugin type=\"cilium-cni\" failed (add): "+err.Error())
	}
	return address, err
}
