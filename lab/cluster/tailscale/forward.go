package tailscale

import (
	"bufio"
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
	"homelab/lab/machines/tailscale/control"
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

// relayed takes the connections that devices of other networks make to this one's own addresses, until ctx ends.
func (d *device) relayed(ctx context.Context, pod netip.Addr) {
	var wait control.Pauses
	for ctx.Err() == nil {
		stream, err := d.control.Relayed(ctx, d.current().NodeKey)
		if err == nil {
			wait = control.Pauses{}
			go d.serveStream(ctx, stream, pod)
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait.Next()):
			// The heartbeat tells what is wrong with the control plane.
		}
	}
}

func (d *device) serveStream(ctx context.Context, stream io.ReadWriteCloser, pod netip.Addr) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer stream.Close()
	context.AfterFunc(ctx, func() { _ = stream.Close() }) // Ends what is read and written.
	buffered := bufio.NewReader(stream)
	request, err := http.ReadRequest(buffered)
	if err != nil {
		return // Whoever asked has gone.
	}
	there, refused := d.open(ctx, request, pod)
	if refused != nil {
		if refused.status == 0 {
			_, _ = io.Copy(io.Discard, buffered) // Until whoever asked has enough.
			return
		}
		_, _ = fmt.Fprintf(stream, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n\r\n", refused.status, http.StatusText(refused.status))
		return
	}
	defer there.Close()
	if _, err := io.WriteString(stream, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	splice(there, stream, buffered)
}

func (d *device) connect(w http.ResponseWriter, r *http.Request) {
	// From the pod's address, which network policies know it by.
	pod, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		http.Error(w, "connections are taken over TCP alone", http.StatusInternalServerError)
		return
	}
	there, refused := d.open(r.Context(), r, pod.AddrPort().Addr())
	if refused != nil {
		if refused.status == 0 {
			<-r.Context().Done()
			return
		}
		http.Error(w, refused.message, refused.status)
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
	splice(there, here, buffered)
}

// refusal is an answer other than a connection; of what no rule lets through there is none (status 0): it is dropped without a word.
type refusal struct {
	status  int
	message string
}

// open makes the connection that a request asks for, from the pod's address, which network policies know it by.
func (d *device) open(ctx context.Context, r *http.Request, pod netip.Addr) (net.Conn, *refusal) {
	target, err := netip.ParseAddrPort(r.Host)
	if r.Method != http.MethodConnect || err != nil {
		return nil, &refusal{http.StatusBadRequest, "CONNECT ADDRESS:PORT is all that is taken here"}
	}
	to, leads := d.way(target)
	if !leads {
		return nil, &refusal{http.StatusForbidden, fmt.Sprintf("no route of this device leads to %s", target.Addr())}
	}
	if from := r.Header.Get(DeviceHeader); from != "" {
		lets, err := d.control.Lets(ctx, d.current().NodeKey, from, target.String())
		if err != nil {
			return nil, &refusal{http.StatusBadGateway, err.Error()}
		}
		if !lets {
			return nil, &refusal{}
		}
	}
	dialer := net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: pod.AsSlice()}, Control: serviceproxy.Forwarded}
	there, err := dialer.DialContext(ctx, "tcp4", to.String())
	if err != nil {
		return nil, &refusal{http.StatusBadGateway, err.Error()}
	}
	return there, nil
}

// splice passes on between two ends until either of them closes; buffered reads what comes from the second.
func splice(one, other io.ReadWriter, buffered io.Reader) {
	done := make(chan struct{}, 2)
	copyUntilEnd := func(to io.Writer, from io.Reader) {
		_, _ = io.Copy(to, from) // Either end closes both.
		done <- struct{}{}
	}
	go copyUntilEnd(one, buffered)
	go copyUntilEnd(other, one)
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
