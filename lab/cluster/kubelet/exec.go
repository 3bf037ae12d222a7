package kubelet

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"

	"homelab/lab/cluster/kubelet/process"
)

// idleCommand is how long a command may say nothing (k8s.io/cri-streaming, DefaultConfig).
const idleCommand = 4 * time.Hour

// specKey is under which a container that runs as a process is found by its names.
func specKey(namespace, pod, container string) string {
	return namespace + "/" + pod + "/" + container
}

// exec serves /exec/{namespace}/{pod}/{container}, which `kubectl exec` comes to, for containers that are processes: a command
// with the container's volumes, network, environment and user, but without a terminal. The streams are those of the CRI's own
// server (k8s.io/cri-streaming), which the API server speaks to as to a real kubelet's.
func (k *kubelet) exec(w http.ResponseWriter, r *http.Request) {
	options, err := remotecommand.NewOptions(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	namespace, pod, container := r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container")
	found, running := k.specs.Load(specKey(namespace, pod, container))
	if !running {
		http.Error(w, "the lab runs commands beside processes only, and "+container+" of "+pod+" is none", http.StatusNotFound)
		return
	}
	if options.TTY {
		http.Error(w, "the lab gives no terminal (kubectl exec -t)", http.StatusNotImplemented)
		return
	}
	beside := besideProcess{found.(process.Spec)}
	remotecommand.ServeExec(w, r, beside, pod, "", container, r.URL.Query()["command"], options,
		idleCommand, remotecommand.DefaultStreamCreationTimeout, remotecommand.SupportedStreamingProtocols)
}

// besideProcess runs commands beside a container's process.
type besideProcess struct{ spec process.Spec }

// ExecInContainer tells a command's exit code in the form that the streams' server looks for.
func (b besideProcess) ExecInContainer(
	ctx context.Context, _, _, _ string, command []string, in io.Reader, out, errs io.WriteCloser, _ bool,
	_ <-chan remotecommand.TerminalSize, _ time.Duration,
) error {
	spec := b.spec
	spec.Input, spec.Output, spec.Errors = in, out, errs
	if out == nil {
		spec.Output = io.Discard
	}
	if errs == nil {
		spec.Errors = io.Discard
	}
	err := process.Beside(ctx, spec, command)
	var exit process.Exit
	if errors.As(err, &exit) {
		return utilexec.CodeExitError{Err: exit, Code: int(exit.Code)}
	}
	return err
}
