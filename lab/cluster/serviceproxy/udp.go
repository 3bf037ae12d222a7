package serviceproxy

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	// sessionIdle is after how long without a packet a client's session is forgotten: Cilium's
	// bpf-ct-timeout-service-any and -regular-any.
	sessionIdle = 60 * time.Second
	// mostSessions bounds what the clients of one frontend hold; packets of further ones are dropped.
	mostSessions = 4096
	// largestPacket is the largest that UDP has.
	largestPacket = 65535
)

// udpFrontend is one address and port with its clients' sessions. A session keeps to its endpoint.
type udpFrontend struct {
	socket   *net.UDPConn
	log      *slog.Logger
	idle     time.Duration
	running  sync.WaitGroup
	mu       sync.Mutex
	backends []netip.AddrPort
	next     int
	sessions map[netip.AddrPort]*session
}

type session struct {
	backend netip.AddrPort
	server  *net.UDPConn
}

func serveUDP(socket *net.UDPConn, backends []netip.AddrPort, log *slog.Logger) *udpFrontend {
	f := &udpFrontend{socket: socket, log: log, idle: sessionIdle, backends: backends, sessions: map[netip.AddrPort]*session{}}
	f.running.Go(f.receive)
	return f
}

// setBackends also ends sessions with endpoints that are gone, as Cilium does.
func (f *udpFrontend) setBackends(backends []netip.AddrPort) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.backends = backends
	for client, one := range f.sessions {
		if !slices.Contains(backends, one.backend) {
			f.forget(client, one)
		}
	}
}

func (f *udpFrontend) close() {
	if err := f.socket.Close(); err != nil {
		f.log.Warn("cannot close a service's socket", "address", f.socket.LocalAddr(), "error", err)
	}
	f.mu.Lock()
	f.backends = nil
	for client, one := range f.sessions {
		f.forget(client, one)
	}
	f.mu.Unlock()
	f.running.Wait()
}

func (f *udpFrontend) receive() {
	packet := make([]byte, largestPacket)
	for {
		length, client, err := f.socket.ReadFromUDPAddrPort(packet)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			f.log.Warn("cannot receive a service's packet", "address", f.socket.LocalAddr(), "error", err)
			time.Sleep(acceptPause)
			continue
		}
		one, err := f.sessionOf(client)
		if err == nil {
			_, err = one.server.Write(packet[:length])
		}
		if err != nil {
			// UDP tells no client. The endpoint that refused is left for another one.
			f.log.Debug("a service's packet is lost", "address", f.socket.LocalAddr(), "error", err)
			f.end(client, one)
		}
	}
}

var errNoSession = errors.New("no endpoint, or too many sessions")

// sessionOf returns the client's session, a new one with the next endpoint if it has none.
func (f *udpFrontend) sessionOf(client netip.AddrPort) (*session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one, known := f.sessions[client]; known {
		return one, one.server.SetReadDeadline(time.Now().Add(f.idle))
	}
	if len(f.backends) == 0 || len(f.sessions) >= mostSessions {
		return nil, errNoSession
	}
	backend := f.backends[f.next%len(f.backends)]
	f.next = f.next%len(f.backends) + 1
	server, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(backend))
	if err != nil {
		return nil, err
	}
	one := &session{backend: backend, server: server}
	f.sessions[client] = one
	f.running.Go(func() { f.answer(client, one) })
	return one, server.SetReadDeadline(time.Now().Add(f.idle))
}

// answer passes on what the endpoint sends until the session is idle or refused.
func (f *udpFrontend) answer(client netip.AddrPort, one *session) {
	defer f.end(client, one)
	packet := make([]byte, largestPacket)
	for {
		length, err := one.server.Read(packet)
		if err == nil {
			_, err = f.socket.WriteToUDPAddrPort(packet[:length], client)
		}
		if err == nil {
			err = one.server.SetReadDeadline(time.Now().Add(f.idle))
		}
		if err != nil {
			return
		}
	}
}

func (f *udpFrontend) end(client netip.AddrPort, one *session) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forget(client, one)
}

func (f *udpFrontend) forget(client netip.AddrPort, one *session) {
	if one == nil {
		return
	}
	if f.sessions[client] == one {
		delete(f.sessions, client)
	}
	_ = one.server.Close() // Its reader sees and reports nothing: the end is wanted.
}
