package cloudflare

import (
	"strings"
	"testing"

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
