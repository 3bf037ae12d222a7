package cloudflared

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"homelab/lab/cluster/kubelet/program"
)

// testEdge takes one tunnel after another and speaks to each as the lab's edge does.
type testEdge struct {
	listener net.Listener
	config   *tls.Config
	answer   registered
	lines    chan string
	clients  chan *http.Client
}

func newTestEdge(t *testing.T, answer registered) *testEdge {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{edgeHost},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	listener, err := tls.Listen("tcp4", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	e := &testEdge{
		listener: listener, config: &tls.Config{RootCAs: roots, ServerName: edgeHost}, answer: answer,
		lines: make(chan string, 9), clients: make(chan *http.Client, 9),
	}
	go e.accept()
	return e
}

func (e *testEdge) accept() {
	for {
		connection, err := e.listener.Accept()
		if err != nil {
			return
		}
		line, err := bufio.NewReader(connection).ReadString('\n')
		if err != nil {
			continue
		}
		e.lines <- line
		text, _ := json.Marshal(e.answer)
		fmt.Fprintf(connection, "%s\n", text)
		var protocols http.Protocols
		protocols.SetUnencryptedHTTP2(true)
		e.clients <- &http.Client{Transport: &http.Transport{
			Protocols:   &protocols,
			DialContext: func(context.Context, string, string) (net.Conn, error) { return plain{connection}, nil },
		}}
	}
}

// start runs a connector in a pod whose services are all at the origin.
func (e *testEdge) start(t *testing.T, originAt netip.Addr) (ready chan bool, done chan error, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, done = make(chan bool, 9), make(chan error, 1)
	container := program.Container{
		PodIP: netip.MustParseAddr("127.0.9.1"), Spec: &corev1.Container{}, Logger: slog.New(slog.DiscardHandler),
		Ready:   func(now bool) { ready <- now },
		Resolve: func(context.Context, string) (netip.Addr, error) { return originAt, nil },
	}
	connector := edge{address: e.listener.Addr().String(), tls: e.config, token: token{"a1", "t1", "c2VjcmV0"}, connector: "c1", version: "v"}
	go func() { done <- run(ctx, container, connector, 0) }()
	t.Cleanup(cancel)
	return ready, done, cancel
}

func within[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case value := <-c:
		return value
	case <-time.After(15 * time.Second):
		t.Fatal("no " + what)
		panic("unreachable")
	}
}

func ask(t *testing.T, client *http.Client, method, url, host, control, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	request.Header.Set("X-Forwarded-For", "198.51.100.7")
	if control != "" {
		request.Header.Set(controlHeader, control)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(content)
}

func TestRequestsTravelToTheOriginOfTheirRule(t *testing.T) {
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %s", r.Method, r.Host, r.URL, body, r.Header.Get("X-Forwarded-For"))
	}))
	defer origin.Close()
	at := netip.MustParseAddrPort(origin.Listener.Addr().String())
	e := newTestEdge(t, registered{OK: true, Connection: "k1"})
	ready, done, stop := e.start(t, at.Addr())
	if line := within(t, "registration", e.lines); line != `{"a":"a1","t":"t1","s":"c2VjcmV0","connector":"c1","version":"v"}`+"\n" {
		t.Fatalf("registered with %s", line)
	}
	client := within(t, "connection", e.clients)
	if !within(t, "readiness", ready) {
		t.Fatal("not ready")
	}
	if status, _ := ask(t, client, "GET", "http://tunnel/", "typeo.example.net", "", ""); status != http.StatusServiceUnavailable {
		t.Fatalf("without a configuration the answer is %d", status)
	}
	config := fmt.Sprintf(`{"version":3,"config":{"ingress":[
		{"hostname":"typeo.example.net","service":"http://typeo.apps.svc.cluster.local:%d"},{"service":"http_status:404"}]}}`, at.Port())
	if status, body := ask(t, client, "POST", "http://tunnel/", "tunnel", configUpdate, config); status != 200 || !strings.Contains(body, `"lastAppliedVersion":3}`) {
		t.Fatalf("the configuration was answered by %d %s", status, body)
	}
	status, body := ask(t, client, "POST", "http://tunnel/play?level=2", "typeo.example.net", "", "hello")
	if want := "POST typeo.example.net /play?level=2 hello 198.51.100.7"; status != 200 || body != want {
		t.Fatalf("got %d %q, want %q", status, body, want)
	}
	if status, _ := ask(t, client, "GET", "http://tunnel/", "other.example.net", "", ""); status != 404 {
		t.Fatalf("the catch-all answered %d", status)
	}
	_, body = ask(t, client, "POST", "http://tunnel/", "tunnel", configUpdate,
		`{"version":4,"config":{"ingress":[{"service":"ssh://bastion:22"}]}}`)
	if !strings.Contains(body, `"lastAppliedVersion":3,`) || !strings.Contains(body, "ssh://bastion:22") {
		t.Fatalf("a refused configuration was answered by %s", body)
	}
	stop()
	if err := within(t, "end", done); err != nil {
		t.Fatal(err)
	}
}

func TestALostConnectionIsMadeAgain(t *testing.T) {
	e := newTestEdge(t, registered{OK: true})
	ready, _, _ := e.start(t, netip.MustParseAddr("127.0.0.1"))
	within(t, "registration", e.lines)
	client := within(t, "connection", e.clients)
	if !within(t, "readiness", ready) {
		t.Fatal("not ready")
	}
	connection, _ := client.Transport.(*http.Transport).DialContext(t.Context(), "", "")
	if err := connection.Close(); err != nil {
		t.Fatal(err)
	}
	if within(t, "unreadiness", ready) {
		t.Fatal("ready without a connection")
	}
	within(t, "second registration", e.lines)
	if !within(t, "second readiness", ready) {
		t.Fatal("not ready again")
	}
}

func TestARefusedTokenIsACrash(t *testing.T) {
	e := newTestEdge(t, registered{Error: "Unauthorized: Invalid tunnel secret"})
	_, done, _ := e.start(t, netip.MustParseAddr("127.0.0.1"))
	if err := within(t, "end", done); err == nil || !strings.Contains(err.Error(), "Invalid tunnel secret") || strings.Contains(err.Error(), "c2VjcmV0") {
		t.Fatalf("got %v", err)
	}
}
