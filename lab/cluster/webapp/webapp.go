// Package webapp is what the lab's kubelet runs for the image of a web application: a page that
// tells which pod answered, and to whom Access says that it talks.
package webapp

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"homelab/lab/cluster/kubelet/program"
)

const (
	// port is where the application listens.
	port = 8080
	// longestDelay bounds what the readiness probe may ask for.
	longestDelay = 2 * time.Second
	// gracePeriod is how long requests in flight may take when the pod stops.
	gracePeriod = 2 * time.Second
)

//go:embed page.html
var pageSource string

var page = template.Must(template.New("page").Parse(pageSource))

// Run serves the application at the pod's address until ctx ends. Its settings are not read.
func Run(ctx context.Context, c program.Container) error {
	listener, err := net.Listen("tcp4", netip.AddrPortFrom(c.PodIP, port).String())
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: handler(c.Spec.Name, c.Pod.Name, c.Node, c.Logger), ReadHeaderTimeout: 10 * time.Second,
	}
	ready := time.AfterFunc(delay(c.Spec), func() { c.Ready(true) })
	defer ready.Stop()
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), gracePeriod)
		defer cancel()
		err := server.Shutdown(grace)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		stopped <- err
	})
	err = server.Serve(listener)
	if !stop() {
		return <-stopped
	}
	return fmt.Errorf("port %d: %w", port, err)
}

// delay is the initial delay of the startup and readiness probes.
func delay(container *corev1.Container) time.Duration {
	var seconds int32
	for _, probe := range []*corev1.Probe{container.StartupProbe, container.ReadinessProbe} {
		if probe != nil {
			seconds += probe.InitialDelaySeconds
		}
	}
	return min(time.Duration(seconds)*time.Second, longestDelay)
}

func handler(name, pod, node string, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, strconv.Itoa(http.StatusMethodNotAllowed)+" method not allowed", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		err := page.Execute(w, map[string]string{
			"Name": name, "Pod": pod, "Node": node, "Host": r.Host, "Path": r.URL.Path,
			"Visitor":  r.Header.Get("Cf-Connecting-Ip"),
			"Identity": r.Header.Get("Cf-Access-Authenticated-User-Email"),
		})
		if err != nil {
			log.Debug("a visitor hung up", "error", err)
		}
	})
	return mux
}
