package kubelet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"homelab/lab/cluster/kubelet/podfiles"
	"homelab/lab/cluster/kubelet/probes"
	"homelab/lab/cluster/kubelet/process"
)

// podLogs is where the logs of containers lie
// (https://kubernetes.io/docs/concepts/cluster-administration/logging/).
const podLogs = "/var/log/pods"

// shutdownGrace is how long processes have when the kubelet itself is ended: less than it has (process.Child).
const shutdownGrace = 5 * time.Second

// endedError is the end of a container's process, with its termination message.
type endedError struct {
	exit    process.Exit
	message string
	last    string
}

func (e endedError) Error() string {
	if e.last == "" {
		return e.exit.Error()
	}
	return e.exit.Error() + ": " + e.last
}

// processOf returns what is known of the container's image if it is run as a process: the table has it,
// and the machine its programs.
func (k *kubelet) processOf(container *corev1.Container) (process.Image, bool) {
	image, known := process.ImageOf(repositoryOf(container.Image))
	return image, known && image.Runs(process.Directory, container)
}

// hasProcesses tells whether a pod has a container that is a process, for which it needs files and a network.
func (k *kubelet) hasProcesses(pod *corev1.Pod) bool {
	for _, list := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range list {
			if _, ok := k.processOf(&list[i]); ok {
				return true
			}
		}
	}
	return false
}

// runProcess starts the container and returns when it has ended, by itself, by its probes or with ctx.
func (w *worker) runProcess(ctx context.Context, image process.Image, container runnable) error {
	environment, err := w.awaitEnvironment(ctx, container)
	if err != nil {
		return err
	}
	log, err := w.openLog(container)
	if err != nil {
		return err
	}
	spec, message, err := w.processSpec(image, container, environment)
	if err != nil {
		return errors.Join(err, log.Close())
	}
	spec.Output = log
	running, err := process.Start(spec, nil)
	if err != nil {
		return errors.Join(err, log.Close())
	}
	w.kubelet.recorder.Eventf(w.pod, corev1.EventTypeNormal, "Started", "Container started: %s", container.spec.Name)
	w.kubelet.specs.Store(specKey(w.pod.Namespace, w.pod.Name, container.spec.Name), spec)
	stopped := w.untilEnd(ctx, spec, running, container)
	w.kubelet.specs.Delete(specKey(w.pod.Namespace, w.pod.Name, container.spec.Name))
	err = errors.Join(stopped, log.Close())
	var exit process.Exit
	if errors.As(running.Err(), &exit) {
		return errors.Join(err, endedError{exit: exit, message: podfiles.Message(message, container.spec, exit.Code, log.Tail()), last: log.Last()})
	}
	return errors.Join(err, running.Err())
}

// untilEnd watches a running process. When it has to go, it gets its grace.
func (w *worker) untilEnd(ctx context.Context, spec process.Spec, running *process.Process, container runnable) error {
	watched, stop := context.WithCancel(ctx)
	unwell := make(chan error, 1)
	target := probes.Target{
		Container: container.spec, IP: container.address,
		Exec: func(ctx context.Context, command []string) (string, error) { return process.Exec(ctx, spec, command) },
		Failed: func(kind probes.Kind, message string) {
			w.kubelet.recorder.Eventf(w.pod, corev1.EventTypeWarning, "Unhealthy", "%s probe failed: %s", kind, message)
		},
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		unwell <- probes.Watch(watched, target,
			func() { w.edit(container.at, func(c *containerState) { c.starting = false }) },
			func(ready bool) { w.edit(container.at, func(c *containerState) { c.ready = ready }) })
	}()
	defer func() { stop(); <-ended }()
	select {
	case <-running.Done():
		return nil
	case <-ctx.Done():
	case err := <-unwell:
		if err != nil {
			w.kubelet.recorder.Event(w.pod, corev1.EventTypeNormal, "Killing", err.Error())
		}
	}
	stop()
	grace := w.grace()
	began := time.Now()
	w.beforeStop(spec, container, grace)
	return running.Stop(max(grace-time.Since(began), 2*time.Second))
}

// grace is how long the pod's processes have to end.
func (w *worker) grace() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	seconds := int64(corev1.DefaultTerminationGracePeriodSeconds)
	if own := w.pod.Spec.TerminationGracePeriodSeconds; own != nil {
		seconds = *own
	}
	if asked := w.pod.DeletionGracePeriodSeconds; asked != nil {
		seconds = *asked
	}
	grace := time.Duration(seconds) * time.Second
	if w.vanished {
		grace = 0
	}
	if !w.deleted {
		grace = min(grace, shutdownGrace)
	}
	return grace
}

// processSpec collects what the container's process is started with; message is the file that it may
// leave its last words in.
func (w *worker) processSpec(image process.Image, container runnable, environment map[string]string) (spec process.Spec, message string, err error) {
	mounts, err := w.volumes.Mounts(container.spec, environment)
	if err != nil {
		return spec, "", err
	}
	domain, servers := w.kubelet.clusterDNS()
	own, message, err := podfiles.Write(filepath.Join(w.volumes.Directory(), "containers", container.spec.Name), podfiles.Pod{
		Pod: w.pod, Container: container.spec, IP: container.address, Domain: domain, Servers: servers,
	})
	if err != nil {
		return spec, "", err
	}
	mounts, err = w.withTemporary(container.spec, mounts)
	if err != nil {
		return spec, "", err
	}
	spec = process.Spec{
		Image: image, Pod: w.pod, Container: container.spec, Environment: environment, Mounts: append(own, mounts...),
		Hostname: podfiles.Hostname(w.pod),
	}
	if w.network != nil {
		spec.NetNS = w.network.Path
	}
	return spec, message, nil
}

// withTemporary adds the container's /tmp, new at each start, as far as it may write there: what is run
// beside its program, such as a hook, shares it.
func (w *worker) withTemporary(container *corev1.Container, mounts []process.Mount) ([]process.Mount, error) {
	if context := container.SecurityContext; context != nil && context.ReadOnlyRootFilesystem != nil && *context.ReadOnlyRootFilesystem {
		return mounts, nil
	}
	for _, mount := range mounts {
		if filepath.Clean(mount.Target) == "/tmp" {
			return mounts, nil
		}
	}
	directory := filepath.Join(w.volumes.Directory(), "containers", container.Name, "tmp")
	if err := os.RemoveAll(directory); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, err
	}
	// Whoever the program runs as may write there, past the umask.
	return append(mounts, process.Mount{Source: directory, Target: "/tmp"}), os.Chmod(directory, 0o777|os.ModeSticky)
}

// awaitEnvironment resolves the container's environment anew for each start, as the kubelet does: a
// changed Secret reaches a container that starts again.
func (w *worker) awaitEnvironment(ctx context.Context, container runnable) (map[string]string, error) {
	for {
		environment, ok := w.inspect(ctx, w.pod, container.spec, container.address, container.at)
		if ok {
			return w.kubelet.withServices(w.pod, environment)
		}
		if !pause(ctx, retryMissing) {
			return nil, ctx.Err()
		}
	}
}

// openLog makes the log of the container's next start. That of the start before stays, earlier ones go.
func (w *worker) openLog(container runnable) (*process.Log, error) {
	w.mu.Lock()
	restarts := int(container.at.of(&w.state).restarts)
	w.mu.Unlock()
	directory := filepath.Join(logDirectory(w.pod), container.spec.Name)
	if err := os.RemoveAll(filepath.Join(directory, strconv.Itoa(restarts-2)+".log")); err != nil {
		return nil, err
	}
	return process.OpenLog(filepath.Join(directory, strconv.Itoa(restarts)+".log"))
}

func logDirectory(pod *corev1.Pod) string {
	return filepath.Join(podLogs, pod.Namespace+"_"+pod.Name+"_"+string(pod.UID))
}

// beforeStop runs the container's preStop hook, within the grace
// (https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/).
func (w *worker) beforeStop(spec process.Spec, container runnable, grace time.Duration) {
	lifecycle := container.spec.Lifecycle
	if lifecycle == nil || lifecycle.PreStop == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var err error
	switch hook := lifecycle.PreStop; {
	case hook.Sleep != nil:
		pause(ctx, time.Duration(hook.Sleep.Seconds)*time.Second)
	case hook.Exec != nil:
		_, err = process.Exec(ctx, spec, hook.Exec.Command)
	case hook.HTTPGet != nil:
		err = probes.Call(ctx, hook.HTTPGet, container.spec, container.address)
	}
	if err != nil {
		w.kubelet.recorder.Event(w.pod, corev1.EventTypeWarning, "FailedPreStopHook", fmt.Sprintf("PreStopHook failed: %v", err))
	}
}

// clusterDNS is what pods resolve with: the kubelet's own arguments, else the cluster's.
func (k *kubelet) clusterDNS() (domain string, servers []string) {
	now := k.settings.Load()
	domain, servers = now.args.clusterDomain, now.args.clusterDNS
	if domain == "" {
		domain = k.services.domain
	}
	if len(servers) == 0 && now.options.ClusterDNS != "" {
		servers = []string{now.options.ClusterDNS}
	}
	return domain, servers
}
