// Package statemetrics is what the lab's kubelet runs for the image of kube-state-metrics: figures about nodes, pods and
// workloads with the names and labels that its documentation gives them, of those the ones that alerts and dashboards ask
// for most. Whatever is not in the tables of figures.go is not told.
// https://github.com/kubernetes/kube-state-metrics/tree/v2.20.0/docs/metrics
package statemetrics

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"

	"homelab/lab/cluster/kubelet/program"
)

// Ports are the defaults of `--port` and `--telemetry-port`.
const (
	port          = 8080
	telemetryPort = 8081
)

// Run tells until ctx ends. Arguments other than those of the chart are a crash.
func Run(ctx context.Context, c program.Container) error {
	for _, argument := range c.Spec.Args {
		if argument != "--port=8080" && !strings.HasPrefix(argument, "--resources=") {
			return fmt.Errorf("unknown flag: %s (the lab's kube-state-metrics knows what the chart gives it)", argument)
		}
	}
	client, err := kubernetes.NewForConfig(c.API)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	defer factory.Shutdown()
	list := listers{
		factory.Core().V1().Nodes().Lister(), factory.Core().V1().Pods().Lister(),
		factory.Apps().V1().Deployments().Lister(), factory.Apps().V1().StatefulSets().Lister(), factory.Apps().V1().DaemonSets().Lister(),
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced && ctx.Err() == nil {
			return fmt.Errorf("cannot list %s", kind)
		}
	}
	figures := func(w http.ResponseWriter, _ *http.Request) {
		text, err := list.figures(labels.Everything())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, text)
	}
	own := func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "# TYPE kube_state_metrics_build_info gauge\nkube_state_metrics_build_info{version=\"lab\"} 1\n")
	}
	group, ctx := errgroup.WithContext(ctx)
	for at, metrics := range map[uint16]http.HandlerFunc{port: figures, telemetryPort: own} {
		listener, err := program.Listen(c, at)
		if err != nil {
			return err
		}
		defer listener.Close()
		group.Go(func() error { return program.Serve(ctx, listener, handler(metrics)) })
	}
	ready := time.AfterFunc(program.ProbeDelay(c.Spec), func() { c.Ready(true) })
	defer ready.Stop()
	return group.Wait()
}

func handler(metrics http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", metrics)
	for _, path := range []string{"/livez", "/readyz", "/healthz"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "OK") })
	}
	return mux
}
