// The lab's envoy: it takes listeners, routes, clusters, endpoints and secrets from Envoy Gateway over xDS, with the
// arguments of the real program, and serves HTTP, HTTPS, TLS that is passed through, TCP and UDP. What it does not play it
// refuses by name: the controller is told, it stands in the log, and the proxy is not ready.
//
// https://www.envoyproxy.io/docs/envoy/latest/operations/cli
// https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, arguments []string) error {
	options, err := parseOptions(arguments)
	if err != nil {
		return err
	}
	boot, err := parseBootstrap(options.config)
	if err != nil {
		return fmt.Errorf("--config-yaml: %w", err)
	}
	proxy := newProxy()
	if err := proxy.serveAdmin(ctx, boot.admin); err != nil {
		return err
	}
	for _, address := range boot.stats {
		if err := proxy.serveStats(ctx, address); err != nil {
			return err
		}
	}
	return follow(ctx, options, boot, proxy)
}
