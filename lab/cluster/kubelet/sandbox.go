package kubelet

import (
	"context"
	"errors"
	"net/netip"
	"path/filepath"
	"sync"

	corev1 "k8s.io/api/core/v1"

	"homelab/lab/cluster/kubelet/podnet"
	"homelab/lab/cluster/kubelet/volumes"
)

// start takes the pod from its sandbox over its init containers to its running containers. helpers is the
// life of sidecars.
func (w *worker) start(ctx, helpers context.Context, pod *corev1.Pod, programs, sidecars *sync.WaitGroup) error {
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
	if w.kubelet.hasProcesses(pod) {
		sidecars.Go(func() { w.volumes.Follow(helpers, w.relabelled, w.mountFailed) })
	}
	if ok, err := w.initialise(ctx, helpers, pod, address, sidecars); err != nil || !ok {
		return err
	}
	now := thisSecond()
	w.change(func(s *podState) {
		s.initialised = true
		for _, state := range s.containers {
			state.running = &now
		}
	})
	for i := range containers {
		w.launch(ctx, containers[i], programs)
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
	for {
		address, err := w.connect(pod, wanted)
		if err == nil {
			return address, nil
		}
		if address.IsValid() {
			wanted = address
		}
		w.kubelet.recorder.Event(pod, corev1.EventTypeWarning, "FailedCreatePodSandBox",
			"Failed to create pod sandbox: plugin type=\"cilium-cni\" failed (add): "+err.Error())
		if !pause(ctx, retryMissing) {
			return netip.Addr{}, ctx.Err()
		}
	}
}

// connect gives the pod an address, and a network if it has processes.
func (w *worker) connect(pod *corev1.Pod, wanted netip.Addr) (netip.Addr, error) {
	address, err := w.kubelet.network.allocate(string(pod.UID), wanted)
	if err == nil && w.kubelet.hasProcesses(pod) {
		w.network, err = podnet.Add(string(pod.UID), address, w.kubelet.nodeIP, sysctlsOf(pod))
	}
	return address, err
}

// sysctlsOf are the namespaced sysctls that the pod asks for.
func sysctlsOf(pod *corev1.Pod) map[string]string {
	wanted := map[string]string{}
	if context := pod.Spec.SecurityContext; context != nil {
		for _, one := range context.Sysctls {
			wanted[one.Name] = one.Value
		}
	}
	return wanted
}

// clear takes away what the pod has had of the machine, but for its logs, which stay as long as the pod's
// object. One that has done its work needs none of it any more.
func (w *worker) clear(pod *corev1.Pod, over bool) {
	w.releaseAddress()
	var problems []error
	if w.network != nil {
		problems = append(problems, w.network.Remove())
	}
	w.mu.Lock()
	deleted := w.deleted
	w.mu.Unlock()
	// A kubelet that only stops leaves the volumes to the next one.
	if deleted || over {
		problems = append(problems, w.volumes.TearDown())
	}
	if err := errors.Join(problems...); err != nil {
		w.kubelet.log.Error("cannot clear a pod away", "pod", pod.Namespace+"/"+pod.Name, "error", err)
	}
	w.kubelet.use(pod.UID, nil)
	w.kubelet.network.release(string(pod.UID))
}

func (k *kubelet) volumesOf(w *worker, pod *corev1.Pod) *volumes.Volumes {
	return volumes.New(k.client, pod, volumes.Root, volumes.Node{Name: k.options.NodeName, Shared: sharedVolumes},
		func(item corev1.DownwardAPIVolumeFile) (string, error) {
			w.mu.Lock()
			current, address := w.pod, w.state.address
			w.mu.Unlock()
			return k.downward(current, item, address)
		})
}

// sharedVolumes is the directory of the lab that all its machines see.
var sharedVolumes = filepath.Join("/run/lab", "volumes")
