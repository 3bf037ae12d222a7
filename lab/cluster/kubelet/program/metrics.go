package program

import (
	"context"
	"fmt"
	"net"
	"net/http"
)

// Metrics answers at /metrics of a port of the pod until ctx ends, with what tell says in Prometheus' text format. It
// listens once it returns.
func Metrics(ctx context.Context, c Container, port uint16, tell func() string) error {
	listener, err := Listen(c, port)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	MetricsAt(ctx, c, listener, tell)
	return nil
}

// MetricsAt does the same at a listener of the program's own.
func MetricsAt(ctx context.Context, c Container, listener net.Listener, tell func() string) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprint(w, tell())
	})
	go func() {
		if err := Serve(ctx, listener, mux); err != nil {
			c.Logger.Error("metrics are not told any more", "error", err)
		}
	}()
}

// PortNamed is the number of a container's port by its name; false if it has none of it.
func PortNamed(c Container, name string) (uint16, bool) {
	for _, port := range c.Spec.Ports {
		if port.Name == name {
			return uint16(port.ContainerPort), true
		}
	}
	return 0, false
}
