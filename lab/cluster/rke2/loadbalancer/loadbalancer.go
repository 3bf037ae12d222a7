// Package loadbalancer is the agent's TCP load balancer: a port of the loopback address that
// reaches any live server. Its list is kept on disk, so that an agent can start again while
// the server it first joined through is away.
package loadbalancer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"homelab/lab/cluster/rke2/certs"
)

const dialTimeout = 2 * time.Second

// Balancer forwards connections to one of several servers.
type Balancer struct {
	name  string
	file  string
	log   *slog.Logger
	mu    sync.Mutex
	state state
	// open connections by server, closed when the server leaves the list.
	open map[string]map[net.Conn]struct{}
}

// state is the file's content; field names are RKE2's.
type state struct {
	ServerURL       string
	ServerAddresses []string
}

// New makes a balancer whose list is that of file, or else the one address (host:port) given.
func New(name, file, first string, log *slog.Logger) (*Balancer, error) {
	b := &Balancer{name: name, file: file, log: log, open: map[string]map[net.Conn]struct{}{}}
	content, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		if err := json.Unmarshal(content, &b.state); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	// A changed server in the configuration goes first, before those known from before.
	if b.state.ServerURL != first {
		b.state.ServerURL = first
		b.state.ServerAddresses = append([]string{first}, b.state.ServerAddresses...)
	}
	return b, nil
}

// Update replaces the list. An empty one is ignored: there is always a server to try.
func (b *Balancer) Update(addresses []string) error {
	addresses = slices.Compact(slices.Sorted(slices.Values(addresses)))
	b.mu.Lock()
	defer b.mu.Unlock()
	known := slices.Sorted(slices.Values(b.state.ServerAddresses))
	if len(addresses) == 0 || slices.Equal(addresses, known) {
		return nil
	}
	b.log.Info(fmt.Sprintf("Updated load balancer %s server addresses -> %v [default: %s]",
		b.name, addresses, b.state.ServerURL))
	b.state.ServerAddresses = addresses
	for server, conns := range b.open {
		if slices.Contains(addresses, server) {
			continue
		}
		for conn := range conns {
			if err := conn.Close(); err != nil {
				b.log.Debug("load balancer: " + err.Error())
			}
		}
	}
	content, err := json.Marshal(b.state)
	if err != nil {
		return err
	}
	return certs.Write(b.file, content, 0o600)
}

// Serve forwards connections from listener until ctx ends.
func (b *Balancer) Serve(ctx context.Context, listener net.Listener) error {
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("load balancer %s: %w", b.name, err)
		}
		go b.forward(ctx, conn)
	}
}

func (b *Balancer) forward(ctx context.Context, client net.Conn) {
	defer client.Close()
	server, address, err := b.dial(ctx)
	if err != nil {
		b.log.Debug(fmt.Sprintf("load balancer %s: %v", b.name, err))
		return
	}
	defer server.Close()
	b.track(address, client, true)
	defer b.track(address, client, false)
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
		go func() {
			// Either side's end or failure ends both; which of them it was does not matter.
			_, _ = io.Copy(pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// dial tries the servers in order and moves one that fails to the end.
func (b *Balancer) dial(ctx context.Context) (net.Conn, string, error) {
	b.mu.Lock()
	servers := slices.Clone(b.state.ServerAddresses)
	if !slices.Contains(servers, b.state.ServerURL) {
		servers = append(servers, b.state.ServerURL)
	}
	b.mu.Unlock()
	var failures []error
	for _, server := range servers {
		dialer := net.Dialer{Timeout: dialTimeout}
		conn, err := dialer.DialContext(ctx, "tcp", server)
		if err == nil {
			return conn, server, nil
		}
		failures = append(failures, err)
		b.demote(server)
	}
	return nil, "", errors.Join(failures...)
}

func (b *Balancer) demote(server string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.state.ServerAddresses, server); i >= 0 {
		rest := slices.Delete(slices.Clone(b.state.ServerAddresses), i, i+1)
		b.state.ServerAddresses = append(rest, server)
	}
}

func (b *Balancer) track(server string, conn net.Conn, opened bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open[server] == nil {
		b.open[server] = map[net.Conn]struct{}{}
	}
	if opened {
		b.open[server][conn] = struct{}{}
	} else {
		delete(b.open[server], conn)
	}
}
