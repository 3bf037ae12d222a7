package kubelet

import (
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// holdAddress makes the machine answer at the pod's address if one of its programs may listen there.
// The addresses of other pods stay unanswered: nothing runs behind them; that of a pod with processes is
// in its own network.
func (w *worker) holdAddress(pod *corev1.Pod, address netip.Addr) error {
	runs := func(c corev1.Container) bool { return programOf(pod, &c) != nil }
	if pod.Spec.HostNetwork || w.network != nil || !slices.ContainsFunc(pod.Spec.Containers, runs) {
		return nil
	}
	if err := w.kubelet.addresses.Hold(address); err != nil {
		err = fmt.Errorf("failed to set up the pod's network: %w", err)
		w.kubelet.recorder.Event(pod, corev1.EventTypeWarning, "FailedCreatePodSandBox", err.Error())
		return err
	}
	w.held = address
	return nil
}

func (w *worker) releaseAddress() {
	if !w.held.IsValid() {
		return
	}
	if err := w.kubelet.addresses.Release(w.held); err != nil {
		w.kubelet.log.Error("cannot take a pod's address away", "pod", w.pod.Namespace+"/"+w.pod.Name, "error", err)
	}
}
