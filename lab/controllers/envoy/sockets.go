package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
)

// socket is a listener that serves; its form may change while it does.
type socket struct {
	address  string
	listener atomic.Pointer[listenerv3.Listener]
	close    func()
}

func (p *proxy) openSocket(listener *listenerv3.Listener) (*socket, error) {
	opened := &socket{address: addressOf(listener.Address)}
	opened.listener.Store(listener)
	if listener.Address.GetSocketAddress().Protocol == corev3.SocketAddress_UDP {
		return opened, p.openUDP(opened)
	}
	accepting, err := net.Listen("tcp", opened.address)
	if err != nil {
		return nil, err
	}
	requests := newHandoff(accepting.Addr())
	server := &http.Server{
		Handler: http.HandlerFunc(p.serveRequest),
		ConnContext: func(ctx context.Context, connection net.Conn) context.Context {
			return context.WithValue(ctx, chainKey{}, chainOf(connection))
		},
		ReadHeaderTimeout: 30 * time.Second,
	}
	go server.Serve(requests)
	opened.close = func() {
		accepting.Close()
		server.Close()
		requests.Close()
	}
	go func() {
		for {
			connection, err := accepting.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				log.Printf("%s: %v", opened.address, err)
				continue
			}
			go p.serveConnection(opened.listener.Load(), connection, requests)
		}
	}()
	return opened, nil
}

// serveConnection finds the chain of a connection by the name in its handshake, and hands it to HTTP or on to a cluster.
func (p *proxy) serveConnection(listener *listenerv3.Listener, connection net.Conn, requests *handoff) {
	p.connections.Add(1)
	counted := &countedConnection{Conn: connection, left: func() { p.connections.Add(-1) }}
	inspected, name, secure := inspect(counted)
	chain := chainFor(listener, name, secure)
	if chain == nil {
		counted.Close()
		return
	}
	if proxy := tcpProxyOf(chain); proxy != nil {
		p.pass(inspected, proxy.GetCluster())
		return
	}
	context := tlsOf(chain)
	if context == nil {
		requests.give(&chainedConnection{inspected, chain})
		return
	}
	configuration, err := p.current.Load().serverTLS(chain)
	if err != nil {
		log.Printf("listener %s: %v", listener.Name, err)
		counted.Close()
		return
	}
	// net/http knows TLS, and HTTP/2 in it, by the connection's own type.
	requests.give(tls.Server(&chainedConnection{inspected, chain}, configuration))
}

// pass carries a connection to a cluster, both ways, until both sides have ended.
func (p *proxy) pass(from net.Conn, cluster string) {
	defer from.Close()
	to, err := p.dial(context.Background(), "tcp", cluster)
	if err != nil {
		log.Printf("cluster %s: %v", cluster, err)
		return
	}
	defer to.Close()
	var both sync.WaitGroup
	both.Go(func() { copyHalf(to, from) })
	both.Go(func() { copyHalf(from, to) })
	both.Wait()
}

func copyHalf(to, from net.Conn) {
	if _, err := io.Copy(to, from); err != nil {
		to.Close()
		from.Close()
		return
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		if half.CloseWrite() == nil {
			return
		}
	}
	to.Close()
}

// chainFor follows Envoy's order: the whole name, then names below a star from the longest on, then chains for any name.
func chainFor(listener *listenerv3.Listener, name string, secure bool) *listenerv3.FilterChain {
	best, length := listener.DefaultFilterChain, -1
	for _, chain := range listener.FilterChains {
		match := chain.GetFilterChainMatch()
		if kind := match.GetTransportProtocol(); kind == "tls" && !secure || kind == "raw_buffer" && secure {
			continue
		}
		if len(match.GetServerNames()) == 0 && length < 0 {
			best, length = chain, 0
		}
		for _, wanted := range match.GetServerNames() {
			if fits := nameLength(wanted, name); fits > length {
				best, length = chain, fits
			}
		}
	}
	return best
}

// nameLength says how exactly a name is meant; -1 when it is not.
func nameLength(wanted, name string) int {
	if wanted == name && name != "" {
		return 1 << 16
	}
	if strings.HasPrefix(wanted, "*.") && strings.HasSuffix(name, wanted[1:]) {
		return len(wanted)
	}
	return -1
}

// serverTLS is a chain's side of the handshake, with the certificate that fits the client's name.
func (s *snapshot) serverTLS(chain *listenerv3.FilterChain) (*tls.Config, error) {
	context := tlsOf(chain)
	configuration := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: context.GetCommonTlsContext().GetAlpnProtocols()}
	for _, reference := range context.GetCommonTlsContext().GetTlsCertificateSdsSecretConfigs() {
		secret := s.secrets[reference.Name].GetTlsCertificate()
		if secret == nil {
			continue
		}
		pair, err := tls.X509KeyPair(secret.GetCertificateChain().GetInlineBytes(), secret.GetPrivateKey().GetInlineBytes())
		if err != nil {
			return nil, err
		}
		configuration.Certificates = append(configuration.Certificates, pair)
	}
	if len(configuration.Certificates) == 0 {
		return nil, errors.New("its certificates have not come yet")
	}
	if name := validationOf(context); name != "" {
		authorities := x509.NewCertPool()
		if !authorities.AppendCertsFromPEM(s.secrets[name].GetValidationContext().GetTrustedCa().GetInlineBytes()) {
			return nil, errors.New("the authority of clients' certificates has not come yet")
		}
		configuration.ClientCAs, configuration.ClientAuth = authorities, tls.VerifyClientCertIfGiven
		if context.GetRequireClientCertificate().GetValue() {
			configuration.ClientAuth = tls.RequireAndVerifyClientCert
		}
	}
	return configuration, nil
}
