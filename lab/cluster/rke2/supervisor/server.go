// Package supervisor is the server's second port, 9345, through which nodes join: the CA, the
// bootstrap data of servers, the certificates of agents, and the list of apiservers.
package supervisor

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/etcd"
	"homelab/lab/cluster/rke2/layout"

	"k8s.io/client-go/kubernetes"
)

// Port is where nodes join.
const Port = "9345"

const maxBody = 64 << 10

// Server answers on port 9345. ServerPassword joins servers and agents, AgentPassword agents.
type Server struct {
	Layout                        layout.Layout
	Authorities                   *certs.Cluster
	ServerPassword, AgentPassword string
	Settings                      Settings
	Member                        *etcd.Member
	Log                           *slog.Logger
	client                        atomic.Pointer[kubernetes.Clientset]
}

// Ready gives the server its client: the apiserver of this node answers.
func (s *Server) Ready(client *kubernetes.Clientset) { s.client.Store(client) }

// Serve answers until ctx ends.
func (s *Server) Serve(ctx context.Context, bind string) error {
	pool := x509.NewCertPool()
	pool.AddCert(s.Authorities.Client.Cert)
	certificate, err := tls.LoadX509KeyPair(
		s.Layout.TLS("serving-kube-apiserver.crt"), s.Layout.TLS("serving-kube-apiserver.key"))
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate},
			ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool,
		},
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(bind, Port))
	if err != nil {
		return fmt.Errorf("supervisor: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("supervisor: %w", err)
	}
	return nil
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) {
		s.text(w, []byte("pong"))
	})
	mux.HandleFunc("GET /cacerts", func(w http.ResponseWriter, _ *http.Request) {
		s.text(w, s.Authorities.Server.PEM)
	})
	mux.HandleFunc("GET /v1-rke2/readyz", s.asNode(s.readyz))
	mux.HandleFunc("GET /v1-rke2/config", s.asNode(s.config))
	mux.HandleFunc("GET /v1-rke2/apiservers", s.asNode(s.apiservers))
	mux.HandleFunc("GET /v1-rke2/client-ca.crt", s.asNode(s.clientCA))
	mux.HandleFunc("POST /v1-rke2/client-kubelet.crt", s.asNode(s.kubeletCert))
	mux.HandleFunc("POST /v1-rke2/serving-kubelet.crt", s.asNode(s.servingCert))
	mux.HandleFunc("POST /v1-rke2/client-rke2-controller.crt", s.asNode(s.controllerCert))
	mux.HandleFunc("GET /v1-rke2/server-bootstrap", s.asServer(s.bootstrap))
	mux.HandleFunc("GET /db/info", s.asServer(s.members))
	return mux
}

type handler func(http.ResponseWriter, *http.Request) error

func (s *Server) asServer(next handler) http.HandlerFunc {
	return s.authorize(next, func(user, password string) bool {
		return same(password, s.ServerPassword)
	})
}

func (s *Server) asNode(next handler) http.HandlerFunc {
	return s.authorize(next, func(user, password string) bool {
		return same(password, s.ServerPassword) || user != "server" && same(password, s.AgentPassword)
	})
}

func same(a, b string) bool { return b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func (s *Server) authorize(next handler, allowed func(user, password string) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user, password, given := r.BasicAuth()
		// A certificate of the cluster's client CA with masters' rights is this server itself.
		if !(given && allowed(user, password)) && !master(r) {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if err := next(w, r); err != nil {
			status := http.StatusInternalServerError
			if failure := (*failure)(nil); errors.As(err, &failure) {
				status = failure.status
			}
			s.Log.Debug(fmt.Sprintf("supervisor: %s %s: %v", r.Method, r.URL.Path, err))
			http.Error(w, err.Error(), status)
		}
	}
}

func master(r *http.Request) bool {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return false
	}
	for _, group := range r.TLS.PeerCertificates[0].Subject.Organization {
		if group == "system:masters" {
			return true
		}
	}
	return false
}

type failure struct {
	status int
	text   string
}

func (f *failure) Error() string { return f.text }

func unavailable(text string) error { return &failure{http.StatusServiceUnavailable, text} }

func (s *Server) text(w io.Writer, content []byte) {
	if _, err := w.Write(content); err != nil {
		s.Log.Debug("supervisor: " + err.Error())
	}
}

func (s *Server) json(w http.ResponseWriter, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	s.text(w, content)
	return nil
}
