package kubelet

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"homelab/lab/cluster/kubelet/program"
)

func TestPodAddressesAreUniqueAndKept(t *testing.T) {
	network := newPodNetwork()
	network.Provide(netip.MustParsePrefix("10.42.3.0/29"))
	first, err := network.allocate("a", netip.Addr{})
	if err != nil || first != netip.MustParseAddr("10.42.3.2") {
		t.Fatalf("got %s, %v", first, err)
	}
	if second, err := network.allocate("b", first); err != nil || second == first {
		t.Fatalf("an address in use was given again: %s, %v", second, err)
	}
	network.release("a")
	if again, err := network.allocate("c", first); err != nil || again != first {
		t.Fatalf("a wanted, free address was not given: %s, %v", again, err)
	}
	for _, owner := range []string{"d", "e", "f"} {
		if _, err := network.allocate(owner, netip.Addr{}); err != nil {
			t.Fatal(err)
		}
	}
	if full, err := network.allocate("g", netip.Addr{}); err == nil {
		t.Fatalf("a full range gave %s", full)
	}
}

func TestImagesChooseTheProgram(t *testing.T) {
	for image, known := range map[string]bool{
		"ghcr.io/kube-vip/kube-vip:v1.0.4":                      true,
		"mirror.local:5000/kube-vip/kube-vip@sha256:0123":       true,
		"quay.io/cilium/operator-generic:v1.19.6@sha256:0db4ca": true,
		"quay.io/cilium/cilium-envoy:v1.36":                     true,
		"docker.io/cloudflare/cloudflared:2025.11.1":            true,
		"ghcr.io/example/typeo:1.4":                             false,
		"nginx":                                                 false,
	} {
		if got := programOf(&corev1.Pod{}, &corev1.Container{Image: image}) != nil; got != known {
			t.Errorf("%s: known is %v", image, got)
		}
	}
	agent := corev1.Container{Name: "cilium-agent", Image: "quay.io/cilium/cilium:v1.19.6"}
	if programOf(&corev1.Pod{}, &agent) == nil {
		t.Error("the agent has no program")
	}
	agent.Name = "mount-cgroup"
	if programOf(&corev1.Pod{}, &agent) != nil {
		t.Error("an init container has the agent's program")
	}
	if pullError("nginx:nonexistent") == nil || pullError("nginx:1.27") != nil {
		t.Error("the wrong image cannot be pulled")
	}
}

func TestAnUnknownImageWithAPortNamedHttpIsTheWebApplication(t *testing.T) {
	application := corev1.Container{
		Image: "ghcr.io/example/wiki:2", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 3000}},
	}
	serves, ends := &corev1.Pod{}, &corev1.Pod{Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever}}
	if programOf(serves, &application) == nil {
		t.Error("nothing answers at the port")
	}
	if programOf(ends, &application) != nil {
		t.Error("a pod that is to end serves for ever")
	}
	application.Ports[0].Name = "metrics"
	if programOf(serves, &application) != nil {
		t.Error("a port of another name is served")
	}
}

func TestWhatAProgramBeganEndsWithItsRun(t *testing.T) {
	var seen context.Context
	crash := errors.New("lost the lease")
	err := runOnce(t.Context(), func(ctx context.Context, _ program.Container) error {
		seen = ctx
		return errors.Join(ctx.Err(), crash)
	}, program.Container{})
	if err == nil || err.Error() != crash.Error() || seen.Err() == nil {
		t.Errorf("%v, and what it began goes on: %t", err, seen.Err() == nil)
	}
}

func TestAProcessHasNotStartedBeforeItsProbesSaySo(t *testing.T) {
	w := &worker{kubelet: &kubelet{}, state: podState{containers: []*containerState{{name: "plugin"}}}}
	ctx, stop := context.WithCancel(t.Context())
	w.keepRunning(ctx, runnable{policy: corev1.RestartPolicyAlways, probed: true}, func() error {
		defer stop()
		if started := w.state.containers[0].status().Started; *started {
			t.Error("it counts as started as soon as it runs")
		}
		return nil
	})
}

func TestPodPhaseFollowsItsContainers(t *testing.T) {
	now := metav1.Now()
	running := &containerState{running: &now, ready: true}
	done := &containerState{running: &now, finished: &now}
	failed := &containerState{running: &now, finished: &now, exitCode: 1}
	waiting := &containerState{waiting: "ContainerCreating"}
	for want, containers := range map[corev1.PodPhase][]*containerState{
		corev1.PodPending: {waiting}, corev1.PodRunning: {running, done},
		corev1.PodSucceeded: {done, done}, corev1.PodFailed: {done, failed},
	} {
		if got := (podState{containers: containers}).phase(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestReadinessWaitsForGatesAndProbes(t *testing.T) {
	now := metav1.Now()
	pod := &corev1.Pod{Spec: corev1.PodSpec{ReadinessGates: []corev1.PodReadinessGate{{ConditionType: "a.io/ok"}}}}
	state := podState{containers: []*containerState{{running: &now, ready: true}}, address: netip.MustParseAddr("10.0.0.9")}
	state.apply(pod, netip.MustParseAddr("192.168.1.21"))
	if conditionTrue(&pod.Status, corev1.PodReady) || !conditionTrue(&pod.Status, corev1.ContainersReady) {
		t.Fatalf("an open readiness gate did not hold: %+v", pod.Status.Conditions)
	}
	probe := &corev1.Probe{InitialDelaySeconds: 60}
	if got := program.ProbeDelay(&corev1.Container{ReadinessProbe: probe}); got != 2*time.Second {
		t.Fatalf("the delay is %s", got)
	}
}
