package kubelet

import (
	"context"
	"maps"
	"net/netip"
	"os"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"homelab/lab/cluster/kubelet/podnet"
	"homelab/lab/cluster/kubelet/volumes"
)

// jobDuration is how long a container without a program runs in a pod that is to end.
const jobDuration = 300 * time.Millisecond

// worker runs one pod. What is neither a process nor a program of the lab is played: it runs, and is ready
// after the delay of its probes. Host ports may overlap.
type worker struct {
	kubelet *kubelet
	log     interface{ Info(string, ...any) }
	changed chan struct{}
	stop    context.CancelFunc
	// held is the address that the machine answers at for this pod; only run's goroutine uses it.
	held netip.Addr
	// volumes are the pod's; network is that of a pod with processes, nil on the machine's network.
	volumes *volumes.Volumes
	network *podnet.Namespace
	// relabelled tells the volumes that the pod's labels or annotations have changed.
	relabelled chan struct{}

	mu       sync.Mutex
	pod      *corev1.Pod
	state    podState
	deleted  bool
	vanished bool
}

func newWorker(k *kubelet, pod *corev1.Pod) *worker {
	w := &worker{kubelet: k, log: k.log.With("pod", pod.Namespace+"/"+pod.Name), pod: pod, stop: func() {}}
	w.changed, w.relabelled = make(chan struct{}, 1), make(chan struct{}, 1)
	w.volumes = k.volumesOf(w, pod)
	w.deleted = pod.DeletionTimestamp != nil
	w.state = podState{started: thisSecond()}
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
	relabelled := !maps.Equal(w.pod.Labels, pod.Labels) || !maps.Equal(w.pod.Annotations, pod.Annotations)
	w.pod = pod
	w.deleted = w.deleted || pod.DeletionTimestamp != nil
	deleted, stop := w.deleted, w.stop
	w.mu.Unlock()
	if deleted {
		stop()
	}
	if relabelled {
		select {
		case w.relabelled <- struct{}{}:
		default:
		}
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

	var aside, programs, sidecars sync.WaitGroup
	aside.Go(func() { w.write(life) })
	helpers, release := context.WithCancel(context.WithoutCancel(ctx))
	if err := w.start(life, helpers, pod, &programs, &sidecars); err != nil && life.Err() == nil {
		w.log.Info("pod cannot start", "error", err)
	}
	programs.Wait()
	over := w.over()
	if !over {
		<-life.Done()
	}
	// Sidecars end after the containers that they help.
	release()
	sidecars.Wait()
	w.clear(pod, over)
	<-life.Done()
	aside.Wait()
	w.mu.Lock()
	deleted, vanished := w.deleted, w.vanished
	w.mu.Unlock()
	if deleted {
		if err := os.RemoveAll(logDirectory(pod)); err != nil {
			w.kubelet.log.Error("cannot remove a pod's logs", "pod", pod.Namespace+"/"+pod.Name, "error", err)
		}
	}
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
			if apierrors.IsNotFound(err) {
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

// over tells whether the pod has done its work.
func (w *worker) over() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	phase := w.state.phase()
	return phase == corev1.PodSucceeded || phase == corev1.PodFailed
}
