package cloudflared

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// testTeam is an Access team with its key.
type testTeam struct {
	key    *rsa.PrivateKey
	server *httptest.Server
}

func newTestTeam(t *testing.T) *testTeam {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	team := &testTeam{key: key}
	team.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "house.cloudflareaccess.com" || r.URL.Path != "/cdn-cgi/access/certs" {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: key.Public(), KeyID: "k1", Algorithm: "RS256", Use: "sig"},
		}})
	}))
	t.Cleanup(team.server.Close)
	return team
}

// client reaches the team's pages under their own name.
func (x *testTeam) client() *http.Client {
	client := x.server.Client()
	transport := client.Transport.(*http.Transport).Clone()
	transport.TLSClientConfig.ServerName = "example.com"
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, x.server.Listener.Addr().String())
	}
	return &http.Client{Transport: transport}
}

func (x *testTeam) token(t *testing.T, key any, audience string, end time.Time) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	claims := fmt.Sprintf(`{"iss":"https://house.cloudflareaccess.com","aud":[%q],"exp":%d,"sub":"x"}`, audience, end.Unix())
	signed, err := signer.Sign([]byte(claims))
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestARuleThatDemandsAccessLetsThroughWhatAccessHas(t *testing.T) {
	behind := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "behind") }))
	defer behind.Close()
	at := netip.MustParseAddrPort(behind.Listener.Addr().String())
	team := newTestTeam(t)
	o := newOrigin(func(context.Context, string) (netip.Addr, error) { return at.Addr(), nil },
		netip.MustParseAddr("127.0.0.1"), slog.New(slog.DiscardHandler))
	o.keys = team.client()
	configure(t, o, fmt.Sprintf(`{"version":1,"config":{"ingress":[
		{"hostname":"app.example.net","service":"http://app:%[1]d",
		 "originRequest":{"access":{"required":true,"teamName":"house","audTag":["a1","a2"]}}},
		{"hostname":"open.example.net","service":"http://app:%[1]d","originRequest":{"access":{"teamName":"house","audTag":["a1"]}}},
		{"service":"http_status:404"}]}}`, at.Port()))
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	for name, one := range map[string]struct {
		host, token string
		want        int
	}{
		"no token, as when the application is gone": {"app.example.net", "", 403},
		"the application's token":                   {"app.example.net", team.token(t, team.key, "a2", later), 200},
		"another application's token":               {"app.example.net", team.token(t, team.key, "b1", later), 403},
		"a token that ended":                        {"app.example.net", team.token(t, team.key, "a1", time.Now().Add(-time.Hour)), 502},
		"a token of somebody's own":                 {"app.example.net", team.token(t, stranger, "a1", later), 502},
		"a rule that does not demand it":            {"open.example.net", "", 200},
	} {
		request := httptest.NewRequest("GET", "http://tunnel/", nil)
		request.Host = one.host
		if one.token != "" {
			request.Header.Set(accessHeader, one.token)
		}
		answer := httptest.NewRecorder()
		o.ServeHTTP(answer, request)
		if answer.Code != one.want {
			t.Errorf("%s: %d %s, want %d", name, answer.Code, answer.Body, one.want)
		}
	}
}

func TestAccessThatCannotWorkIsRefused(t *testing.T) {
	for settings, want := range map[string]string{
		`{"access":{"required":true,"audTag":["a1"]}}`: "access.TeamName cannot be blank",
		`{"access":{"required":"yes"}}`:                "originRequest.access",
		`{"noTLSVerify":true}`:                         "originRequest.noTLSVerify",
	} {
		var parsed map[string]json.RawMessage
		if err := json.Unmarshal([]byte(settings), &parsed); err != nil {
			t.Fatal(err)
		}
		if _, err := parseAccess(parsed, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", settings, err, want)
		}
	}
}

func configure(t *testing.T, o *origin, config string) {
	t.Helper()
	request := httptest.NewRequest("POST", "http://tunnel/", strings.NewReader(config))
	request.Header.Set(controlHeader, configUpdate)
	answer := httptest.NewRecorder()
	o.ServeHTTP(answer, request)
	if strings.Contains(answer.Body.String(), "err") {
		t.Fatal(answer.Body)
	}
}
