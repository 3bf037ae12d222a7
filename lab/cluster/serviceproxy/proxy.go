package serviceproxy

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	corev1 "k8s.io/api/core/v1"
)

// Device is where the node's addresses of Services are kept.
type Device interface {
	Hold(netip.Addr) error
	Release(netip.Addr) error
}

// Proxy answers at the addresses of Services until it is closed. Apply and Close must not be called
// at the same time.
type Proxy struct {
	device Device
	access Access
	log    *slog.Logger
	// held are the addresses that the device was given.
	held      map[netip.Addr]bool
	frontends map[Frontend]carrier
}

// carrier carries what comes to one frontend.
type carrier interface {
	setBackends([]netip.AddrPort)
	// close stops it, ends what it carries and waits for that.
	close()
}

// New returns a proxy that answers nowhere yet.
func New(device Device, access Access, log *slog.Logger) *Proxy {
	return &Proxy{device: device, access: access, log: log, held: map[netip.Addr]bool{}, frontends: map[Frontend]carrier{}}
}

// SetPods says from which range the node's own pods send. Another range than before ends what is carried, until Apply.
func (p *Proxy) SetPods(pods netip.Prefix) {
	if p.access.Pods == pods {
		return
	}
	p.access.Pods = pods
	for at, front := range p.frontends {
		front.close()
		delete(p.frontends, at)
	}
}

// Apply brings addresses and listeners to the plan. What cannot be held or listened at is an error
// that names it; everything else is in place all the same.
func (p *Proxy) Apply(plan Plan) error {
	var problems []error
	for address, front := range p.frontends {
		if _, wanted := plan.Frontends[address]; !wanted {
			front.close()
			delete(p.frontends, address)
		}
	}
	for address := range p.held {
		if !plan.Addresses[address] {
			problems = append(problems, p.release(address))
		}
	}
	for address := range plan.Addresses {
		if p.held[address] {
			continue
		}
		if err := p.device.Hold(address); err != nil {
			problems = append(problems, err)
			continue
		}
		p.held[address] = true
	}
	for at, target := range plan.Frontends {
		if !p.held[at.Address.Addr()] {
			continue
		}
		if front, open := p.frontends[at]; open {
			front.setBackends(target.Backends)
			continue
		}
		front, err := p.open(at, target.Backends, plan.ClusterIPs[at.Address.Addr()])
		if err != nil {
			problems = append(problems, fmt.Errorf("cannot serve %s; something on the node listens at this port of every address? %w", at.Address, err))
			continue
		}
		p.frontends[at] = front
	}
	return errors.Join(problems...)
}

func (p *Proxy) open(at Frontend, backends []netip.AddrPort, clusterIP bool) (carrier, error) {
	if at.Protocol == corev1.ProtocolUDP {
		socket, err := p.access.listenPacket(at.Address, clusterIP)
		if err != nil {
			return nil, err
		}
		return serveUDP(socket, backends, p.log), nil
	}
	listener, err := p.access.listen(at.Address, clusterIP)
	if err != nil {
		return nil, err
	}
	return serve(listener, backends, p.log), nil
}

func (p *Proxy) release(address netip.Addr) error {
	if err := p.device.Release(address); err != nil {
		return err
	}
	delete(p.held, address)
	return nil
}

// Close ends every connection, and gives the addresses up.
func (p *Proxy) Close() error {
	return p.Apply(Plan{})
}

// frontend is one address and port with its connections.
type frontend struct {
	listener net.Listener
	log      *slog.Logger
	running  sync.WaitGroup
	mu       sync.Mutex
	backends []netip.AddrPort
	next     int
	closed   bool
	open     map[net.Conn]bool
}

func serve(listener net.Listener, backends []netip.AddrPort, log *slog.Logger) *frontend {
	f := &frontend{listener: listener, log: log, backends: backends, open: map[net.Conn]bool{}}
	f.running.Go(f.accept)
	return f
}

func (f *frontend) setBackends(backends []netip.AddrPort) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.backends = backends
}

// close stops listening, ends the connections and waits for them.
func (f *frontend) close() {
	f.mu.Lock()
	f.closed = true
	if err := f.listener.Close(); err != nil {
		f.log.Warn("cannot close a service's listener", "address", f.listener.Addr(), "error", err)
	}
	for connection := range f.open {
		_ = connection.Close() // Its copier sees and reports nothing: the end is wanted.
	}
	f.mu.Unlock()
	f.running.Wait()
}
