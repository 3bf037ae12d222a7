package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
)

// serveAdmin answers what Envoy Gateway's shutdown manager asks at the administration's address.
// https://www.envoyproxy.io/docs/envoy/latest/operations/admin
func (p *proxy) serveAdmin(ctx context.Context, address string) error {
	drain := func(w http.ResponseWriter, _ *http.Request) {
		p.draining.Store(true)
		fmt.Fprintln(w, "OK")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /healthcheck/fail", drain)
	mux.HandleFunc("POST /drain_listeners", drain)
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"stats":[{"name":"server.total_connections","value":%d}]}`, p.connections.Load())
	})
	return serve(ctx, address, mux)
}

// serveStats answers Prometheus with the one figure that the lab's envoy keeps.
func (p *proxy) serveStats(ctx context.Context, address string) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats/prometheus", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "# TYPE envoy_server_total_connections gauge\nenvoy_server_total_connections %d\n", p.connections.Load())
	})
	return serve(ctx, address, mux)
}

func serve(ctx context.Context, address string, handler http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler}
	go server.Serve(listener)
	context.AfterFunc(ctx, func() { server.Close() })
	return nil
}
