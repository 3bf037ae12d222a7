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
)

// door is a port of an egress proxy's pod and the address in the tailnet that it leads to.
type door struct {
	port uint16
	to   netip.AddrPort
}

// doors are those that are open: what the rules that rewrite destinations are to the real proxy
// (cmd/containerboot/egressservices.go), for TCP and IPv4 alone.
type doors map[door]net.Listener

// set opens and closes doors, until they are those that the proxy's services need. Connections that are open stay so.
func (o doors) set(ctx context.Context, d *device, pod netip.Addr, services map[string]*egressDone) error {
	wanted := map[door]bool{}
	for _, service := range services {
		for _, port := range service.Ports {
			for _, address := range service.TailnetTargetIPs {
				if port.Protocol == "TCP" && address.Is4() {
					wanted[door{port.MatchPort, netip.AddrPortFrom(address, port.TargetPort)}] = true
				}
			}
		}
	}
	for one, listener := range o {
		if !wanted[one] {
			_ = listener.Close() // Nobody comes there any more.
			delete(o, one)
		}
	}
	for one := range wanted {
		if o[one] != nil {
			continue
		}
		listener, err := net.Listen("tcp4", netip.AddrPortFrom(pod, one.port).String())
		if err != nil {
			return fmt.Errorf("cannot take connections to %s: %w", one.to, err)
		}
		o[one] = listener
		go d.takeIn(ctx, listener, one.to)
	}
	return nil
}

func (o doors) close() {
	for _, listener := range o {
		_ = listener.Close() // The proxy ends.
	}
}

func (d *device) takeIn(ctx context.Context, listener net.Listener, to netip.AddrPort) {
	for {
		here, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			d.log.Warn("connections into the tailnet are not taken any more", "error", err)
			return
		}
		go d.passInto(ctx, here, to)
	}
}

// passInto hands a pod's connection to the device with the address. What does not come there is left without an answer, as
// packets are; the pod has a connection all the same, which is to the proxy here.
func (d *device) passInto(ctx context.Context, here net.Conn, to netip.AddrPort) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer here.Close()
	context.AfterFunc(ctx, func() { _ = here.Close() }) // Ends what is read and written.
	stream, err := d.control.Relay(ctx, d.current().NodeKey, to.Addr().String())
	if err != nil {
		d.log.Info("nobody takes what is for a host of the tailnet", "to", to, "error", err)
		_, _ = io.Copy(io.Discard, here) // Until the pod has enough.
		return
	}
	defer stream.Close()
	context.AfterFunc(ctx, func() { _ = stream.Close() })
	if _, err := fmt.Fprintf(stream, "CONNECT %[1]s HTTP/1.1\r\nHost: %[1]s\r\n%s: %s\r\n\r\n", to, DeviceHeader, d.id); err != nil {
		return
	}
	// What the pod says may go ahead of the answer, which never comes of what no rule lets through.
	go func() {
		_, _ = io.Copy(stream, here)
		cancel() // Either end closes both.
	}()
	buffered := bufio.NewReader(stream)
	answer, err := http.ReadResponse(buffered, &http.Request{Method: http.MethodConnect})
	if err != nil || answer.StatusCode != http.StatusOK {
		return
	}
	_, _ = io.Copy(here, buffered)
}
