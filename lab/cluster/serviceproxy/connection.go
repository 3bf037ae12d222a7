package serviceproxy

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// dialPatience is how long an endpoint may take to accept before the next one is tried.
	dialPatience = 3 * time.Second
	// acceptPause is the pause after a failed accept, such as one for want of file descriptors.
	acceptPause = 100 * time.Millisecond
)

func (f *frontend) accept() {
	for {
		client, err := f.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			f.log.Warn("cannot accept a connection to a service", "address", f.listener.Addr(), "error", err)
			time.Sleep(acceptPause)
			continue
		}
		if f.track(client) {
			f.running.Go(func() { f.carry(client) })
		}
	}
}

// track remembers a connection, so that close ends it; false, and the connection closed, after that.
func (f *frontend) track(connection net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		_ = connection.Close() // Nobody waits for it.
		return false
	}
	f.open[connection] = true
	return true
}

func (f *frontend) forget(connection net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, connection)
	_ = connection.Close() // It may have been closed by its peer or by close.
}

// order returns the endpoints, each time beginning with the next one.
func (f *frontend) order() []netip.AddrPort {
	f.mu.Lock()
	defer f.mu.Unlock()
	first := f.next % len(f.backends)
	f.next = first + 1
	return append(append([]netip.AddrPort{}, f.backends[first:]...), f.backends[:first]...)
}

// carry connects the client to the first endpoint that accepts, and resets it if none does.
func (f *frontend) carry(client net.Conn) {
	defer f.forget(client)
	var failure error
	for _, backend := range f.order() {
		server, err := net.DialTimeout("tcp4", backend.String(), dialPatience)
		if err != nil {
			failure = errors.Join(failure, err)
			continue
		}
		if !f.track(server) {
			return
		}
		defer f.forget(server)
		var both sync.WaitGroup
		both.Go(func() { stream(server, client) })
		both.Go(func() { stream(client, server) })
		both.Wait()
		return
	}
	f.log.Warn("no endpoint of a service accepts", "address", f.listener.Addr(), "error", failure)
	if connection, ok := client.(*net.TCPConn); ok {
		_ = connection.SetLinger(0) // A client that is gone needs no reset.
	}
}

// stream copies until its source ends and passes the end on; a broken half ends the other one too.
func stream(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if connection, ok := to.(*net.TCPConn); ok && err == nil {
		err = connection.CloseWrite()
	}
	if err != nil {
		_ = to.Close()   // Either is broken or being closed:
		_ = from.Close() // both ends must learn of it.
	}
}
