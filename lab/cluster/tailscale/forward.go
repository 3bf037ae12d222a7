package tailscale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"homelab/lab/cluster/serviceproxy"
)

// DeviceHeader names the device that makes a connection, by its id: what WireGuard knows by its key. Whoever names none is
// the lab itself, which asks whether a way is there.
const DeviceHeader = "Tailnet-Device"

// ForwardPort is where a proxy's pod takes connections that devices of the tailnet make to it or through it: the lab's own
// stand-in for WireGuard, spoken as HTTP's CONNECT.
const ForwardPort = 41641

// forward passes connections on, into the networks that the device advertises or from its own addresses to where it leads,
// until ctx ends, as packets that the pod forwards and no socket of it has made.
func (d *device) forward(ctx context.Context, pod netip.Addr) error {
	listener, err := net.Listen("tcp4", netip.AddrPortFrom(pod, ForwardPort).String())
	if err != nil {
		return fmt.Errorf("cannot take connections of the tailnet: %w", err)
	}
	server := &http.Server{Handler: http.HandlerFunc(d.connect), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() }) // Its end is wanted.
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			d.log.Warn("connections of the tailnet are not taken any more", "error", err)
		}
	}()
	return nil
}

func (d *device) connect(w http.ResponseWriter, r *http.Request) {
	target, err := netip.ParseAddrPort(r.Host)
	if r.Method != http.MethodConnect || err != nil {
		http.Error(w, "CONNECT ADDRESS:PORT is all that is taken here", http.StatusBadRequest)
		return
	}
	to, leads := d.way(target)
	if !leads {
		http.Error(w, fmt.Sprintf("no route of this device leads to %s", target.Addr()), http.StatusForbidden)
		return
	}
	if from := r.Header.Get(DeviceHeader); from != "" {
		lets, err := d.control.Lets(r.Context(), d.current().NodeKey, from, target.String())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		if !lets {
			// What no rule lets through is dropped without a word.
			<-r.Context().Done()
			return
		}
	}
	// From the pod's address, which network policies know it by.
	pod, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		http.Error(w, "connections are taken over TCP alone", http.StatusInternalServerError)
		return
	}
	dialer := net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: pod.IP}, Control: serviceproxy.Forwarded}
	there, err := dialer.DialContext(r.Context(), "tcp4", to.String())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer there.Close()
	w.WriteHeader(http.StatusOK)
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		d.log.Warn("a connection of the tailnet cannot be taken over", "error", err)
		return
	}
	defer here.Close()
	done := make(chan struct{}, 2)
	copyUntilEnd := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from) // Either end closes both.
		done <- struct{}{}
	}
	go copyUntilEnd(there, buffered)
	go copyUntilEnd(here, there)
	<-done
}

// way is where what comes for an address goes: to where the device leads, of its own addresses, by the rule that rewrites the
// destination and leaves the port (cmd/containerboot/forwarding.go, installIngressForwardingRule); else on by a route.
func (d *device) way(target netip.AddrPort) (to netip.AddrPort, leads bool) {
	if slices.Contains(d.addresses, target.Addr().String()) {
		return netip.AddrPortFrom(d.leadsTo, target.Port()), d.leadsTo.IsValid()
	}
	return target, slices.ContainsFunc(d.current().Routes, func(route string) bool {
		network, err := netip.ParsePrefix(route)
		return err == nil && network.Contains(target.Addr())
	})
}
