// Package cloudflared is what the lab's kubelet runs for the image of cloudflared: the connector of
// a remotely managed tunnel. It dials the lab's edge, proves itself with its token and serves over
// that connection what visitors ask, by the ingress rules that the edge sends. Between cloudflared
// and edge the lab has a protocol of its own, a line of JSON each way and then HTTP/2; there is one
// connection where cloudflared has four, and WebSockets, TCP and private networks are not played.
package cloudflared

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/uuid"

	"homelab/lab/cluster/kubelet/program"
)

// retryFirst is the pause after a lost connection; it doubles up to retryLongest.
const (
	retryFirst   = time.Second
	retryLongest = 16 * time.Second
)

// Run keeps the tunnel connected until ctx ends. A token that the edge refuses is a crash.
func Run(ctx context.Context, c program.Container) error {
	arguments := append(append([]string{}, c.Spec.Command...), c.Spec.Args...)
	if len(c.Spec.Command) > 0 {
		arguments = arguments[1:]
	}
	parsed, err := parseOptions(arguments, c.Env)
	if err != nil {
		return err
	}
	secret, err := parsed.readToken(ctx, c)
	if err != nil {
		return err
	}
	connector := edge{
		address: net.JoinHostPort(edgeHost, edgePort), tls: &tls.Config{ServerName: edgeHost, MinVersion: tls.VersionTLS12},
		token: secret, connector: string(uuid.NewUUID()), version: versionOf(c.Spec.Image),
	}
	return run(ctx, c, connector, parsed.metricsPort)
}

func run(ctx context.Context, c program.Container, connector edge, metricsPort uint16) error {
	origin := newOrigin(c.Resolve, c.PodIP, c.Logger)
	defer origin.proxy.Transport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
	state := &health{connector: connector.connector, version: connector.version, origin: origin, report: c.Ready}
	metrics, err := state.serve(c.PodIP, metricsPort)
	if err != nil {
		return err
	}
	var parts sync.WaitGroup
	defer parts.Wait()
	defer metrics.Close()
	parts.Go(func() { metrics.serve(c.Logger) })
	for wait := retryFirst; ; wait = min(2*wait, retryLongest) {
		began := time.Now()
		err := keep(ctx, connector, origin, state, c)
		if ctx.Err() != nil {
			return err
		}
		var refused permanentError
		if errors.As(err, &refused) {
			return err
		}
		if time.Since(began) > retryLongest {
			wait = retryFirst
		}
		c.Logger.Warn("Retrying connection", "in", wait, "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// keep connects once and serves until the connection ends.
func keep(ctx context.Context, connector edge, origin *origin, state *health, c program.Container) error {
	connection, answer, err := connector.connect(ctx)
	if err != nil {
		return err
	}
	c.Logger.Info("Registered tunnel connection", "connection", answer.Connection, "location", answer.Location)
	state.connected(true)
	defer state.connected(false)
	if err := serve(ctx, connection, origin); err != nil {
		return fmt.Errorf("connection with edge closed: %w", err)
	}
	return nil
}

// versionOf is the image's tag, which cloudflared reports as its version.
func versionOf(image string) string {
	reference, _, _ := strings.Cut(image, "@")
	if colon := strings.LastIndex(reference, ":"); colon > strings.LastIndex(reference, "/") {
		return reference[colon+1:]
	}
	return "latest"
}
