package program

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Listen takes a port of the pod.
func Listen(c Container, port uint16) (net.Listener, error) {
	return net.Listen("tcp4", netip.AddrPortFrom(c.PodIP, port).String())
}

// Serve answers there until ctx ends; an end before that is an error.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // Its end is wanted.
	defer stop()
	if err := server.Serve(listener); ctx.Err() == nil || !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("%s: %w", listener.Addr(), err)
	}
	return nil
}
