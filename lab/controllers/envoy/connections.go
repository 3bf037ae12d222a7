package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
)

type chainKey struct{}

// chainedConnection knows by which filter chain it is served.
type chainedConnection struct {
	net.Conn
	chain *listenerv3.FilterChain
}

// chainOf is the filter chain of a connection, below TLS where it speaks that.
func chainOf(connection net.Conn) *listenerv3.FilterChain {
	if secure, ok := connection.(*tls.Conn); ok {
		connection = secure.NetConn()
	}
	return connection.(*chainedConnection).chain
}

// countedConnection tells once that it has been closed.
type countedConnection struct {
	net.Conn
	once sync.Once
	left func()
}

func (c *countedConnection) Close() error {
	c.once.Do(c.left)
	return c.Conn.Close()
}

func (c *countedConnection) CloseWrite() error {
	if half, ok := c.Conn.(*net.TCPConn); ok {
		return half.CloseWrite()
	}
	return c.Close()
}

// handoff is a listener whose connections are given to it.
type handoff struct {
	address net.Addr
	given   chan net.Conn
	done    chan struct{}
	once    sync.Once
}

func newHandoff(address net.Addr) *handoff {
	return &handoff{address: address, given: make(chan net.Conn), done: make(chan struct{})}
}

func (h *handoff) give(connection net.Conn) {
	select {
	case h.given <- connection:
	case <-h.done:
		connection.Close()
	}
}

func (h *handoff) Accept() (net.Conn, error) {
	select {
	case connection := <-h.given:
		return connection, nil
	case <-h.done:
		return nil, net.ErrClosed
	}
}

func (h *handoff) Close() error {
	h.once.Do(func() { close(h.done) })
	return nil
}

func (h *handoff) Addr() net.Addr { return h.address }

// replayed gives what was read of a connection once more.
type replayed struct {
	net.Conn
	read io.Reader
}

func (c *replayed) Read(into []byte) (int, error) { return c.read.Read(into) }

func (c *replayed) CloseWrite() error {
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// How long a client may take to send the beginning of a handshake (Envoy's listener_filters_timeout is 15 s).
const handshakePatience = 15 * time.Second

// inspect reads the name that a TLS handshake asks for, as Envoy's TLS inspector does, and leaves the connection unread. A
// client that says nothing at first, as in protocols where the server begins, is not waited for longer than a moment.
func inspect(connection net.Conn) (net.Conn, string, bool) {
	var seen bytes.Buffer
	first := make([]byte, 1)
	connection.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	count, err := connection.Read(first)
	connection.SetReadDeadline(time.Time{})
	if count == 0 || err != nil {
		return connection, "", false
	}
	seen.Write(first)
	if first[0] != 0x16 {
		return &replayed{connection, io.MultiReader(&seen, connection)}, "", false
	}
	connection.SetReadDeadline(time.Now().Add(handshakePatience))
	defer connection.SetReadDeadline(time.Time{})
	name := ""
	read := io.MultiReader(bytes.NewReader(first), io.TeeReader(connection, &seen))
	enough := errors.New("the name is known")
	tls.Server(readOnly{connection, read}, &tls.Config{
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			name = hello.ServerName
			return nil, enough
		},
	}).Handshake()
	return &replayed{connection, io.MultiReader(&seen, connection)}, name, true
}

// readOnly lets nothing out, so that the client does not see that its handshake was looked at.
type readOnly struct {
	net.Conn
	read io.Reader
}

func (c readOnly) Read(into []byte) (int, error)  { return c.read.Read(into) }
func (c readOnly) Write(from []byte) (int, error) { return len(from), nil }
func (c readOnly) Close() error                   { return nil }
