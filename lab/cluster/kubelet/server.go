package kubelet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"
)

// privileged is the group whose members may do everything.
const privileged = "system:masters"

// apiPort is the kubelet's own port; the API server comes there for logs, exec and port-forward.
const apiPort = 10250

// serve answers on the kubelet's port with its serving certificate, or one that it signs itself without one. There are
// /healthz, metrics and, for the API server, the logs of processes and commands beside them; attach, port-forward and
// statistics are refused with 501.
func (k *kubelet) serve() (*http.Server, error) {
	settings, err := k.transport()
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(k.options.NodeIP, strconv.Itoa(apiPort))
	listener, err := tls.Listen("tcp", address, settings)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write([]byte("ok")); err != nil {
			k.log.Debug("health check hung up", "error", err)
		}
	})
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", asMaster(k.containerLogs))
	mux.HandleFunc("GET /metrics", k.asReader(k.metrics))
	for _, path := range []string{"/metrics/cadvisor", "/metrics/probes"} {
		mux.HandleFunc("GET "+path, k.asReader(nothing))
	}
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", asMaster(k.exec))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, fmt.Sprintf("the lab's kubelet has no %s: no attach, port-forward or statistics", r.URL.Path),
			http.StatusNotImplemented)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			k.log.Error("the kubelet's port stopped", "error", err)
		}
	}()
	return server, nil
}

// transport is the TLS of the kubelet's port. Clients may show certificates of the cluster.
func (k *kubelet) transport() (*tls.Config, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if k.options.Serving == "" {
		certificate, err := selfSigned(k.options.NodeName, k.options.NodeIP)
		settings.Certificates = []tls.Certificate{certificate}
		return settings, err
	}
	settings.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		certificate, err := tls.LoadX509KeyPair(k.options.Serving+".crt", k.options.Serving+".key")
		return &certificate, err
	}
	authority, err := os.ReadFile(k.options.ClientCA)
	if err != nil {
		return nil, err
	}
	settings.ClientAuth, settings.ClientCAs = tls.VerifyClientCertIfGiven, x509.NewCertPool()
	if !settings.ClientCAs.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("%s has no certificate", k.options.ClientCA)
	}
	return settings, nil
}

// asMaster serves those whom the cluster allows everything, as the API server. A real kubelet asks the API about others.
func asMaster(serve http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.VerifiedChains) == 0 {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		if !slices.Contains(r.TLS.PeerCertificates[0].Subject.Organization, privileged) {
			http.Error(w, "Forbidden", http.StatusForbidden)
			return
		}
		serve(w, r)
	}
}

func selfSigned(name, ip string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		DNSNames: []string{name}, IPAddresses: []net.IP{net.ParseIP(ip)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
