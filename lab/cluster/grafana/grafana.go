// Package grafana is what the lab's kubelet runs for the image of Grafana: that it is there. It answers for its health and
// with the one figure that says its version, and refuses all else: dashboards, data sources and logins need the real one.
package grafana

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"homelab/lab/cluster/kubelet/program"
)

// portName is the port of the chart's container (grafana 12.11.1, `podPortName`).
const portName = "grafana"

// Run serves until ctx ends.
func Run(ctx context.Context, c program.Container) error {
	port, named := program.PortNamed(c, portName)
	if !named {
		return fmt.Errorf("container %s has no port named %s", c.Spec.Name, portName)
	}
	listener, err := program.Listen(c, port)
	if err != nil {
		return err
	}
	_, version, _ := strings.Cut(c.Spec.Image, ":")
	ready := time.AfterFunc(program.ProbeDelay(c.Spec), func() { c.Ready(true) })
	defer ready.Stop()
	return program.Serve(ctx, listener, handler(version))
}

// handler answers as pkg/api/health.go and the collector of pkg/infra/metrics do.
func handler(version string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		_ = json.NewEncoder(w).Encode(map[string]string{"database": "ok", "version": version})
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE grafana_build_info gauge\ngrafana_build_info{version=%q,edition=\"oss\"} 1\n", version)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "the lab's Grafana shows nothing: "+r.URL.Path+" needs the real one", http.StatusNotImplemented)
	})
	return mux
}
