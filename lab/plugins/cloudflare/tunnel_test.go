package cloudflare

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest/resttest"
)

func TestATunnelIsPatchedWithWhatChanges(t *testing.T) {
	const answer = `{"result":{"id":"t1","name":"home","status":"inactive","config_src":"local"}}`
	plugin, api := serve(t, map[string][]resttest.Answer{
		"POST " + tunnels:           resttest.Bodies(answer),
		"PATCH " + tunnels + "/t1":  resttest.Bodies(answer),
		"GET " + tunnels + "/t1":    resttest.Bodies(answer),
		"DELETE " + tunnels + "/t1": resttest.Bodies(removed),
	})
	one := life(t, plugin, tunnelOf)
	must(t, one.Create(home(map[string]any{"tunnelSecret": "c2VjcmV0"})))
	body(t, api, "POST "+tunnels, `{"config_src":"cloudflare","name":"home","tunnel_secret":"c2VjcmV0"}`)
	if !one.Marked["tunnelSecret"].IsSecret() {
		t.Error("the tunnel's secret is not secret")
	}
	refresh(t, one)
	differ(t, one, home(map[string]any{"tunnelSecret": "c2VjcmV0"}), "")
	differ(t, one, home(map[string]any{"accountId": "other"}), "accountId! tunnelSecret")
	differ(t, one, home(map[string]any{"configSrc": "local", "tunnelSecret": "c2VjcmV0"}), "configSrc!")
	must(t, one.Update(home(map[string]any{"name": "x"})))
	body(t, api, "PATCH "+tunnels+"/t1", `{"name":"x","tunnel_secret":null}`)
	left := map[string]any{"accountId": "acc", "name": "x"}
	differ(t, one, left, "configSrc")
	must(t, one.Update(left))
	body(t, api, "PATCH "+tunnels+"/t1", `{"config_src":"local"}`)
	must(t, one.Delete())
	deletion := api.Last(t, "DELETE "+tunnels+"/t1")
	if deletion.Body != "" {
		t.Errorf("deleted with %s", deletion.Body)
	}
}

func TestATunnelsConfigurationIsPutWholeInCamelCase(t *testing.T) {
	const path = tunnels + "/t1/configurations"
	configured := func(config string) string { return `{"result":{"tunnel_id":"t1","version":2,"config":` + config + `}}` }
	const ingress = `"ingress":[{"hostname":"a.example.net","originRequest":{"access":{"audTag":["x"],` +
		`"required":true,"teamName":"homelab"},"connectTimeout":30,"matchSNItoHost":true,"noTLSVerify":true},` +
		`"path":"/x","service":"https://a:443"},{"service":"http_status:404"}]`
	plugin, api := serve(t, map[string][]resttest.Answer{
		"PUT " + path: resttest.Bodies(configured(`{}`)),
		"GET " + path: resttest.Bodies(configured(`{`+ingress+`,"originRequest":null,"warp-routing":{}}`),
			configured(`{`+ingress+`,"originRequest":{}}`)),
	})
	inputs := map[string]any{"accountId": "acc", "tunnelId": "t1", "config": map[string]any{
		"ingresses": []any{
			map[string]any{"hostname": "a.example.net", "path": "/x", "service": "https://a:443",
				"originRequest": map[string]any{"noTlsVerify": true, "connectTimeout": 30.0, "matchSnItoHost": true,
					"access": map[string]any{"audTags": []any{"x"}, "teamName": "homelab", "required": true}}},
			map[string]any{"service": "http_status:404"},
		},
	}}
	one := life(t, plugin, "zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig")
	must(t, one.Create(inputs))
	body(t, api, "PUT "+path, `{"config":{`+ingress+`}}`)
	if one.ID != "t1" {
		t.Errorf("the id is %s", one.ID)
	}
	refresh(t, one)
	differ(t, one, inputs, "")
	refresh(t, one)
	differ(t, one, inputs, "config.originRequest")
	must(t, one.Update(inputs))
	body(t, api, "PUT "+path, `{"config":{`+ingress+`,"originRequest":null}}`)
	before := len(api.Asked())
	must(t, one.Delete())
	if len(api.Asked()) != before {
		t.Error("removing a configuration makes a call")
	}
	delete(inputs, "config")
	if err := one.Create(inputs); err == nil || !strings.Contains(err.Error(), "Value Conversion Error") {
		t.Errorf("without a config: %v", err)
	}
}

func TestTheTunnelsTokenIsPlainAndMissingWithTheTunnel(t *testing.T) {
	plugin, _ := serve(t, map[string][]resttest.Answer{
		"GET " + tunnels + "/t1/token": {{Body: `{"result":"eyJ"}`}, {Body: `{"result":{}}`}, {Status: 404}}})
	get := plugin.Functions["cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken"]
	args := provider.Map{"accountId": resource.NewProperty("acc"), "tunnelId": resource.NewProperty("t1")}
	for _, want := range []string{"eyJ", ""} {
		found, err := get(t.Context(), args)
		if err != nil || provider.Text(found, "token") != want {
			t.Errorf("got %v, %v", found, err)
		}
	}
	if _, err := get(t.Context(), args); err == nil || !strings.Contains(err.Error(), "404 Not Found") {
		t.Errorf("got %v", err)
	}
}

func TestAZoneIsFoundWhenExactlyOneMatches(t *testing.T) {
	const list = "GET /client/v4/zones?name=example.net"
	plugin, _ := serve(t, map[string][]resttest.Answer{
		list:                      resttest.Bodies(`{"result":[{"id":"z1"}]}`, `{"result":[]}`, `{"result":[{},{}]}`),
		"GET /client/v4/zones/z1": resttest.Bodies(`{"result":{"id":"z1","name":"example.net","meta":{}}}`),
	})
	get := plugin.Functions["cloudflare:index/getZone:getZone"]
	args := provider.Map{"filter": resource.NewProperty(provider.Map{"name": resource.NewProperty("example.net")})}
	found, err := get(t.Context(), args)
	if err != nil || provider.Text(found, "zoneId") != "z1" || provider.Text(found, "name") != "example.net" {
		t.Errorf("got %v, %v", found, err)
	}
	for _, count := range []string{"0", "2"} {
		if _, err := get(t.Context(), args); err == nil ||
			err.Error() != "failed to find exactly one result: "+count+" found" {
			t.Errorf("got %v", err)
		}
	}
}
