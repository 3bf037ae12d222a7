package cloudflare

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest/resttest"
)

const (
	testToken = "0123456789abcdefghijABCDEFGHIJ_-01234567"
	base      = "/client/v4/accounts/acc/"
	tunnels   = base + "cfd_tunnel"
	tunnelOf  = "zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared"
	removed   = `{"result":{"id":"gone"}}`
)

// serve serves a made-up API and configures a plugin for it.
func serve(
	t *testing.T, answers map[string][]resttest.Answer,
) (provider.Provider, *resttest.API) {
	t.Helper()
	api := resttest.Serve(t, answers)
	plugin := New()
	must(t, plugin.Configure(t.Context(), provider.Map{
		"baseUrl":  resource.NewProperty(api.URL + "/client/v4"),
		"apiToken": resource.NewProperty(testToken),
	}))
	return plugin, api
}

func life(t *testing.T, plugin provider.Provider, name string) *resttest.Life {
	t.Helper()
	kind, ok := plugin.Resources["cloudflare:index/"+name]
	if !ok {
		t.Fatalf("no resource %s", name)
	}
	return &resttest.Life{T: t, Resource: kind}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refresh(t *testing.T, one *resttest.Life) {
	t.Helper()
	if found, err := one.Refresh(); !found || err != nil {
		t.Fatal(found, err)
	}
}

func differ(t *testing.T, one *resttest.Life, inputs map[string]any, want string) {
	t.Helper()
	if got := strings.Join(one.Diff(inputs), " "); got != want {
		t.Errorf("%v: differs at %q, want %q", inputs, got, want)
	}
}

func body(t *testing.T, api *resttest.API, line, want string) {
	t.Helper()
	if got := api.Last(t, line).Body; got != want {
		t.Errorf("%s\ngot  %s\nwant %s", line, got, want)
	}
}

func home(more map[string]any) map[string]any {
	inputs := map[string]any{"accountId": "acc", "name": "home", "configSrc": "cloudflare"}
	for name, value := range more {
		inputs[name] = value
	}
	return inputs
}

func TestErrorsShowTheAnswerAndNeverTheRequest(t *testing.T) {
	refused := `{"success":false,"errors":[{"code":1022,"message":"active connections"}]}`
	plugin, api := serve(t, map[string][]resttest.Answer{
		"POST " + tunnels: {{Status: 400, Body: refused}, {Status: 403, Body: "<html>"}}})
	one := life(t, plugin, tunnelOf)
	for _, rest := range []string{"400 Bad Request " + refused, "403 Forbidden"} {
		want := `failed to make http request: POST "` + api.URL + tunnels + `": ` + rest
		err := one.Create(home(map[string]any{"tunnelSecret": "c2VjcmV0"}))
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestTheTokenArgumentHasAFormAndTheEnvironmentNone(t *testing.T) {
	for token, refused := range map[string]bool{"short": true, testToken: false, testToken + "!": true} {
		got := New().CheckConfig(provider.Map{"apiToken": resource.NewProperty(token)})
		if (len(got) > 0) != refused {
			t.Errorf("%s: %v", token, got)
		}
	}
	api := resttest.Serve(t, map[string][]resttest.Answer{
		"POST " + tunnels: resttest.Bodies(`{"result":{"id":"t1","name":"home"}}`)})
	t.Setenv("CLOUDFLARE_BASE_URL", api.URL+"/client/v4/")
	t.Setenv("CLOUDFLARE_API_TOKEN", "short")
	plugin := New()
	must(t, plugin.Configure(t.Context(), provider.Map{}))
	must(t, life(t, plugin, tunnelOf).Create(home(nil)))
	header := api.Asked()[0].Header
	if header.Get("Authorization") != "Bearer short" || header.Get("Content-Type") != jsonType ||
		!strings.HasPrefix(header.Get("User-Agent"), "terraform-provider-cloudflare/") {
		t.Errorf("asked with %v", header)
	}
}

func TestA404OnReadDropsAndOtherRefusalsDoNot(t *testing.T) {
	plugin, _ := serve(t, map[string][]resttest.Answer{
		"POST " + tunnels:        resttest.Bodies(`{"result":{"id":"t1","name":"home"}}`),
		"GET " + tunnels + "/t1": {{Status: 403, Body: `{}`}, {Status: 404}},
	})
	one := life(t, plugin, tunnelOf)
	must(t, one.Create(home(nil)))
	if _, err := one.Refresh(); err == nil ||
		!strings.HasPrefix(err.Error(), "failed to make http request: GET ") {
		t.Errorf("403: %v", err)
	}
	if found, err := one.Refresh(); found || err != nil {
		t.Errorf("404: %v, %v", found, err)
	}
}

func TestSuccessWithoutAResultPoisonsTheState(t *testing.T) {
	plugin, _ := serve(t, map[string][]resttest.Answer{
		"POST " + tunnels: resttest.Bodies(`{"success":false}`, "<html>")})
	for range 2 {
		one := life(t, plugin, tunnelOf)
		must(t, one.Create(home(nil)))
		if _, err := one.Refresh(); one.ID != "{<nil>}" || err == nil ||
			!strings.Contains(err.Error(), "missing required tunnel_id parameter") {
			t.Errorf("%s: %v", one.ID, err)
		}
	}
}

func TestADeletionNeedsAJSONAnswer(t *testing.T) {
	plugin, _ := serve(t, map[string][]resttest.Answer{
		"POST " + tunnels: resttest.Bodies(`{"result":{"id":"t1","name":"home"}}`),
		"DELETE " + tunnels + "/t1": {{Status: 204},
			{Body: "{}", Header: http.Header{"Content-Type": {"text/plain"}}}, {Body: `{"result":null}`}},
	})
	one := life(t, plugin, tunnelOf)
	must(t, one.Create(home(nil)))
	for _, want := range []string{"error parsing response json: EOF", "content-type"} {
		if err := one.Delete(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	must(t, one.Delete())
}
