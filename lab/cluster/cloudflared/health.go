package cloudflared

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"
)

// health is what cloudflared tells of itself at its metrics port: /ready, /healthcheck and /metrics.
type health struct {
	connector, version string
	origin             *origin
	report             func(ready bool)
	connections        atomic.Int64
}

// connections are those that a cloudflared keeps by default (cmd/cloudflared/tunnel/configuration.go, ha-connections): the
// lab's one stands for them.
const connections = 4

func (h *health) connected(now bool) {
	var count int64
	if now {
		count = connections
	}
	h.connections.Store(count)
	h.report(now)
}

// metricsServer is the listening server.
type metricsServer struct {
	*http.Server
	listener net.Listener
}

// serve listens at the pod's address.
func (h *health) serve(pod netip.Addr, port uint16) (metricsServer, error) {
	listener, err := net.Listen("tcp4", net.JoinHostPort(pod.String(), strconv.Itoa(int(port))))
	if err != nil {
		return metricsServer{}, fmt.Errorf("metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/ready", h.ready)
	mux.HandleFunc("/healthcheck", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "OK") })
	mux.HandleFunc("/metrics", h.metrics)
	return metricsServer{&http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}, listener}, nil
}

func (s metricsServer) serve(log *slog.Logger) {
	if err := s.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		log.Error("the metrics port stopped", "error", err)
	}
}

func (h *health) ready(w http.ResponseWriter, _ *http.Request) {
	status, count := http.StatusServiceUnavailable, h.connections.Load()
	if count > 0 {
		status = http.StatusOK
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // A prober that hangs up has its answer.
		"status": status, "readyConnections": count, "connectorId": h.connector,
	})
}

// metrics are in Prometheus' text format, with cloudflared's names.
func (h *health) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprintf(w, "# TYPE build_info gauge\nbuild_info{version=%q} 1\n", h.version)
	for _, metric := range []struct {
		name, kind string
		value      int64
	}{
		{"cloudflared_tunnel_ha_connections", "gauge", h.connections.Load()},
		{"cloudflared_tunnel_total_requests", "counter", h.origin.requests.Load()},
		{"cloudflared_tunnel_request_errors", "counter", h.origin.failures.Load()},
		{"cloudflared_orchestration_config_version", "gauge", h.origin.version.Load()},
	} {
		fmt.Fprintf(w, "# TYPE %s %s\n%s %d\n", metric.name, metric.kind, metric.name, metric.value)
	}
}
