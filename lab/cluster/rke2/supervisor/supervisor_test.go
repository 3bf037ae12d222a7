package supervisor

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/layout"
	"homelab/lab/cluster/rke2/token"
)

func testServer(t *testing.T) *Server {
	t.Helper()
	l := layout.Layout{DataDir: t.TempDir()}
	authorities, err := certs.EnsureCluster(l, true)
	if err != nil {
		t.Fatal(err)
	}
	return &Server{
		Layout: l, Authorities: authorities, ServerPassword: "server-secret", AgentPassword: "agent-secret",
		Settings: Settings{Version: "v1.35.4+rke2r1"}, Log: slog.New(slog.DiscardHandler),
	}
}

func TestWhoMayAskForWhat(t *testing.T) {
	routes := testServer(t).routes()
	for _, one := range []struct {
		path, user, password string
		want                 int
	}{
		{"/ping", "", "", 200},
		{"/cacerts", "", "", 200},
		{"/v1-rke2/config", "", "", 401},
		{"/v1-rke2/config", "node", "wrong", 401},
		{"/v1-rke2/config", "node", "agent-secret", 200},
		{"/v1-rke2/config", "server", "server-secret", 200},
		{"/v1-rke2/server-bootstrap", "server", "agent-secret", 401},
		{"/v1-rke2/server-bootstrap", "node", "agent-secret", 401},
		{"/v1-rke2/server-bootstrap", "server", "server-secret", 200},
		{"/v1-rke2/readyz", "server", "server-secret", 503},
	} {
		request := httptest.NewRequest(http.MethodGet, one.path, nil)
		if one.user != "" {
			request.SetBasicAuth(one.user, one.password)
		}
		recorder := httptest.NewRecorder()
		routes.ServeHTTP(recorder, request)
		if recorder.Code != one.want {
			t.Errorf("%s as %s:%s: %d, want %d", one.path, one.user, one.password, recorder.Code, one.want)
		}
	}
}

func TestJoiningChecksTheCAAndThePassword(t *testing.T) {
	s := testServer(t)
	path := s.Layout.TLS("serving")
	if err := s.Authorities.Server.Ensure(path, certs.Leaf{CommonName: "x", SANs: []string{"127.0.0.1"}, Usage: certs.Serve}); err != nil {
		t.Fatal(err)
	}
	test := httptest.NewUnstartedServer(s.routes())
	test.TLS = serving(t, path)
	test.StartTLS()
	defer test.Close()
	ctx := context.Background()
	join := func(secret string) error {
		client, err := Connect(ctx, test.URL, secret, Identity{Role: "server", Version: "v1.35.4+rke2r1"}, s.Log)
		if err != nil {
			return err
		}
		_, err = client.Bootstrap(ctx)
		return err
	}
	for secret, want := range map[string]string{
		"server-secret": "",
		token.Format(s.Authorities.Server.PEM, "server", "server-secret"): "",
		token.Format([]byte("other"), "server", "server-secret"):          "token CA hash does not match",
		"agent-secret": "token is not valid: " + test.URL + "/v1-rke2/server-bootstrap: 401 Unauthorized",
	} {
		err := join(secret)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", secret, err, want)
		}
	}
}

func TestSkew(t *testing.T) {
	for _, one := range []struct {
		joining, role string
		ok            bool
	}{
		{"v1.35.9+rke2r1", "agent", true}, {"v1.32.0+rke2r1", "agent", true}, {"v1.31.0+rke2r1", "agent", false},
		{"v1.36.0+rke2r1", "agent", false}, {"v1.36.0+rke2r1", "server", true}, {"v1.37.0+rke2r1", "server", false},
	} {
		if err := Skew("v1.35.4+rke2r1", one.joining, one.role); (err == nil) != one.ok {
			t.Errorf("%s %s: %v", one.role, one.joining, err)
		}
	}
}

func TestCriticalValuesMustMatch(t *testing.T) {
	ours := Settings{ClusterCIDR: "10.42.0.0/16", SecretsEncryption: true}
	theirs := ours
	if err := ours.Compare(theirs, slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
	theirs.SecretsEncryption = false
	err := ours.Compare(theirs, slog.New(slog.DiscardHandler))
	if err == nil || !strings.HasSuffix(err.Error(), "critical configuration value mismatch between servers") {
		t.Error(err)
	}
}
