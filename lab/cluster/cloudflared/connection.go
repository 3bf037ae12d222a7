package cloudflared

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// edgeHost is where the lab's edge waits for tunnels.
	edgeHost = "region1.v2.argotunnel.com"
	edgePort = "7844"
	// dialPatience bounds dialling and registering.
	dialPatience = 10 * time.Second
	// gracePeriod is how long requests in flight may take when the pod stops (the default is 30 s).
	gracePeriod = 5 * time.Second
	// longestAnswer bounds the edge's answer to a registration, in bytes.
	longestAnswer = 4096
)

// permanentError says that the edge will not take this tunnel: trying again is of no use.
type permanentError struct{ reason string }

func (e permanentError) Error() string { return e.reason }

// edge is where to connect and what to say there.
type edge struct {
	address   string
	tls       *tls.Config
	token     token
	connector string
	version   string
}

// registration is the first line of a connection, in place of cloudflared's RPC.
type registration struct {
	token
	Connector string `json:"connector"`
	Version   string `json:"version"`
}

// registered is the edge's answer, the second line; after it the edge speaks HTTP/2 as a client.
type registered struct {
	OK         bool   `json:"ok"`
	Connection string `json:"connection"`
	Location   string `json:"location"`
	Error      string `json:"error"`
	Retry      bool   `json:"retry"`
}

// connect registers the tunnel and returns the connection.
func (e edge) connect(ctx context.Context) (net.Conn, registered, error) {
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	dialer := tls.Dialer{Config: e.tls}
	connection, err := dialer.DialContext(ctx, "tcp4", e.address)
	if err != nil {
		return nil, registered{}, fmt.Errorf("DialContext error: %w", err)
	}
	answer, err := e.register(ctx, connection)
	if err != nil {
		return nil, answer, errors.Join(err, connection.Close())
	}
	return connection, answer, nil
}

func (e edge) register(ctx context.Context, connection net.Conn) (answer registered, err error) {
	if deadline, ok := ctx.Deadline(); ok {
		if err := connection.SetDeadline(deadline); err != nil {
			return answer, err
		}
	}
	line, err := json.Marshal(registration{token: e.token, Connector: e.connector, Version: e.version})
	if err != nil {
		return answer, err
	}
	if _, err := connection.Write(append(line, '\n')); err != nil {
		return answer, err
	}
	line, err = readLine(connection)
	if err != nil {
		return answer, fmt.Errorf("the edge did not answer the registration: %w", err)
	}
	if err := json.Unmarshal(line, &answer); err != nil {
		return answer, fmt.Errorf("the edge's answer to the registration: %w", err)
	}
	if !answer.OK {
		failure := fmt.Sprintf("Register tunnel error from server side: %s", answer.Error)
		if answer.Retry {
			return answer, errors.New(failure)
		}
		return answer, permanentError{failure}
	}
	return answer, connection.SetDeadline(time.Time{})
}

// readLine reads byte by byte: what follows the line belongs to HTTP/2.
func readLine(from io.Reader) ([]byte, error) {
	var line []byte
	for one := make([]byte, 1); len(line) < longestAnswer; {
		if _, err := io.ReadFull(from, one); err != nil {
			return nil, err
		}
		if one[0] == '\n' {
			return line, nil
		}
		line = append(line, one[0])
	}
	return nil, fmt.Errorf("a line of more than %d bytes", longestAnswer)
}

// serve answers the edge's requests until the connection ends, or ctx: then it lets those in flight
// finish within the grace period.
func serve(ctx context.Context, connection net.Conn, handler http.Handler) error {
	once := &single{connection: plain{connection}, ended: make(chan struct{})}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{
		Handler: handler, Protocols: &protocols, ReadHeaderTimeout: dialPatience,
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				once.end()
			}
		},
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), gracePeriod)
		defer cancel()
		err := server.Shutdown(grace)
		if err != nil {
			err = errors.Join(err, connection.Close())
		}
		stopped <- err
	})
	err := server.Serve(once)
	if !stop() {
		return <-stopped
	}
	if errors.Is(err, net.ErrClosed) {
		return errors.New("the edge closed the connection")
	}
	return err
}

// plain hides that a connection is encrypted: HTTP/2 is spoken on it without ALPN (RFC 9113, 3.3).
type plain struct{ net.Conn }

// single is a listener that gives out one connection and ends with it.
type single struct {
	connection net.Conn
	given      sync.Once
	ending     sync.Once
	ended      chan struct{}
}

// Accept implements net.Listener.
func (s *single) Accept() (connection net.Conn, err error) {
	s.given.Do(func() { connection = s.connection })
	if connection != nil {
		return connection, nil
	}
	<-s.ended
	return nil, net.ErrClosed
}

func (s *single) end() { s.ending.Do(func() { close(s.ended) }) }

// Close implements net.Listener.
func (s *single) Close() error {
	s.end()
	return nil
}

// Addr implements net.Listener.
func (s *single) Addr() net.Addr { return s.connection.LocalAddr() }
