// Package grafana is what the lab's kubelet runs for the image of Grafana: that it is there. It answers for its health and
// with the one figure that says its version, and refuses all else: dashboards, data sources and logins need the real one.
package grafana

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"homelab/lab/cluster/kubelet/program"
)

// portName is the port of the chart's container (grafana 12.11.1, `podPortName`).
const portName = "grafana"

// Run serves until ctx ends.
func Run(ctx context.Context, c program.Container) error {
	port, err := portOf(c.Spec)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp4", netip.AddrPortFrom(c.PodIP, port).String())
	if err != nil {
		return err
	}
	_, version, _ := strings.Cut(c.Spec.Image, ":")
	server := &http.Server{Handler: handler(version), ReadHeaderTimeout: 10 * time.Second}
	ready := time.AfterFunc(program.ProbeDelay(c.Spec), func() { c.Ready(true) })
	defer ready.Stop()
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); ctx.Err() == nil || !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func portOf(container *corev1.Container) (uint16, error) {
	for _, one := range container.Ports {
		if one.Name == portName {
			return uint16(one.ContainerPort), nil
		}
	}
	return 0, fmt.Errorf("container %s has no port named %s", container.Name, portName)
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
