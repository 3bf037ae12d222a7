package tailscale

import (
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest/resttest"
)

const token = "POST /api/v2/oauth/token"

// tailnet serves a made-up tailnet and configures a plugin for it.
func tailnet(
	t *testing.T, answers map[string][]resttest.Answer, config ...string,
) (provider.Provider, *resttest.API) {
	t.Helper()
	answers[token] = resttest.Bodies(`{"access_token":"t0","token_type":"Bearer","expires_in":3600}`)
	api := resttest.Serve(t, answers)
	settings := provider.Map{
		"baseUrl": resource.NewProperty(api.URL), "oauthClientId": resource.NewProperty("kID"),
		"oauthClientSecret": resource.NewProperty("tskey-client-secret"),
	}
	for i := 0; i < len(config); i += 2 {
		settings[resource.PropertyKey(config[i])] = resource.NewProperty(config[i+1])
	}
	plugin := New()
	if err := plugin.Configure(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	return plugin, api
}

func life(t *testing.T, plugin provider.Provider, name string) *resttest.Life {
	t.Helper()
	kind, ok := plugin.Resources["tailscale:index/"+name]
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

const (
	splitType = "dnsSplitNameservers:DnsSplitNameservers"
	split     = "/api/v2/tailnet/-/dns/split-dns"
)

func homeArpa(servers ...any) map[string]any {
	return map[string]any{"domain": "home.arpa", "nameservers": servers}
}

func TestOneTokenServesTheProcess(t *testing.T) {
	plugin, api := tailnet(t, map[string][]resttest.Answer{
		"PATCH " + split: resttest.Bodies(`{}`),
	}, "scopes", `["dns","all"]`)
	servers := life(t, plugin, splitType)
	must(t, servers.Create(homeArpa("1.1.1.1")))
	must(t, servers.Update(homeArpa("9.9.9.9", "1.1.1.1")))
	must(t, servers.Delete())
	var lines []string
	for _, one := range api.Asked() {
		lines = append(lines, one.Line+" "+one.Body)
	}
	want := []string{
		token + " grant_type=client_credentials&scope=dns+all",
		"PATCH " + split + ` {"home.arpa":["1.1.1.1"]}`,
		"PATCH " + split + ` {"home.arpa":["9.9.9.9","1.1.1.1"]}`,
		"PATCH " + split + ` {"home.arpa":[]}`,
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked\n%s", strings.Join(lines, "\n"))
	}
	signIn := api.Last(t, token)
	if got := signIn.Header.Get("Authorization"); got != "Basic a0lEOnRza2V5LWNsaWVudC1zZWNyZXQ=" ||
		signIn.Header.Get("User-Agent") != "Go-http-client/1.1" {
		t.Errorf("the token was asked for with %v", signIn.Header)
	}
	call := api.Last(t, "PATCH "+split)
	if call.Header.Get("Authorization") != "Bearer t0" ||
		call.Header.Get("User-Agent") != defaultUserAgent || call.Header.Get("Accept") != "" ||
		call.Header.Get("Content-Type") != jsonType {
		t.Errorf("called with %v", call.Header)
	}
}

func TestWithoutScopesTheTokenIsAskedForWithoutThem(t *testing.T) {
	plugin, api := tailnet(t, map[string][]resttest.Answer{"PATCH " + split: resttest.Bodies(`{}`)})
	must(t, life(t, plugin, splitType).Create(homeArpa("1.1.1.1")))
	if body := api.Last(t, token).Body; body != "grant_type=client_credentials" {
		t.Errorf("asked with %s", body)
	}
}

func TestNothingIsTriedTwice(t *testing.T) {
	for _, status := range []int{401, 429, 500, 503} {
		plugin, api := tailnet(t, map[string][]resttest.Answer{
			"POST /api/v2/tailnet/-/keys": {{Status: status, Body: `{"message":"injected"}`,
				Header: map[string][]string{"Retry-After": {"0"}}}},
		})
		err := life(t, plugin, "tailnetKey:TailnetKey").Create(map[string]any{})
		want := "Failed to create key: Error creating tailnet key: injected (" + strconv.Itoa(status) + ")"
		if err == nil || err.Error() != want || len(api.Asked()) != 2 {
			t.Errorf("%d: got %v after %d requests", status, err, len(api.Asked()))
		}
	}
}

func TestMissingAndConflictingCredentialsAreRefusedAtOnce(t *testing.T) {
	for _, name := range []string{"TAILSCALE_API_KEY", "TAILSCALE_OAUTH_CLIENT_ID",
		"TAILSCALE_OAUTH_CLIENT_SECRET", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET"} {
		t.Setenv(name, "")
	}
	text := resource.NewProperty[string]
	for want, config := range map[string]provider.Map{
		"credentials are empty - set `api_key` or": {},
		"conflicting":         {"apiKey": text("tskey"), "oauthClientId": text("id")},
		"oauth_client_secret": {"oauthClientId": text("id")},
		"the lab's tailscale plugin does not serve it": {"identityToken": text("jwt"), "oauthClientId": text("id")},
	} {
		if err := New().Configure(t.Context(), config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	unknown := provider.Map{"oauthClientSecret": provider.Unknown()}
	if err := New().Configure(t.Context(), unknown); err != nil {
		t.Errorf("a preview with an unknown secret: %v", err)
	}
}

func TestAnAPIKeyIsTheUserOfBasic(t *testing.T) {
	t.Setenv("TAILSCALE_API_KEY", "tskey-api")
	api := resttest.Serve(t, map[string][]resttest.Answer{
		"PATCH /api/v2/tailnet/example.net/dns/split-dns": resttest.Bodies(`{}`)})
	plugin := New()
	must(t, plugin.Configure(t.Context(), provider.Map{
		"baseUrl": resource.NewProperty(api.URL), "tailnet": resource.NewProperty("example.net"),
	}))
	must(t, life(t, plugin, splitType).Create(homeArpa("1.1.1.1")))
	if got := api.Asked()[0].Header.Get("Authorization"); got != "Basic dHNrZXktYXBpOg==" {
		t.Errorf("signed in with %s", got)
	}
}
