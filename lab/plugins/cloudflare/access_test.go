package cloudflare

import (
	"strings"
	"testing"

	"homelab/lab/plugins/rest/resttest"
)

const (
	policies = base + "access/policies"
	apps     = base + "access/apps"
	tokens   = base + "access/service_tokens"
)

func email(address string) any {
	return map[string]any{"email": map[string]any{"email": address}}
}

func TestAPolicysRulesAreASet(t *testing.T) {
	answer := `{"result":{"id":"p1","name":"people","decision":"allow","session_duration":"24h",
		"include":[{"email_domain":{"domain":"example.net"},"ip":{},"geo":null},{"everyone":{}},
		{"email":{"email":"a@example.net"}}],"exclude":[],"require":[],"approval_required":false,
		"approval_groups":[]`
	plugin, api := serve(t, map[string][]resttest.Answer{
		"POST " + policies:        resttest.Bodies(`{"result":{"id":"p1"}}`),
		"GET " + policies + "/p1": resttest.Bodies(answer+"}}", answer+`,"mfa_config":{}}}`),
		"PUT " + policies + "/p1": resttest.Bodies(`{"result":{"id":"p1"}}`),
	})
	one := life(t, plugin, "zeroTrustAccessPolicy:ZeroTrustAccessPolicy")
	people := func(more ...any) map[string]any {
		return map[string]any{"accountId": "acc", "name": "people", "decision": "allow",
			"includes": append([]any{map[string]any{"everyone": map[string]any{}}, email("a@example.net"),
				map[string]any{"emailDomain": map[string]any{"domain": "example.net"}}}, more...)}
	}
	withExclude := people()
	withExclude["excludes"] = []any{map[string]any{"serviceToken": map[string]any{"tokenId": "s1"}}}
	must(t, one.Create(withExclude))
	const sorted = `[{"email":{"email":"a@example.net"}},{"email_domain":{"domain":"example.net"}},{"everyone":{}}]`
	body(t, api, "POST "+policies, `{"decision":"allow","exclude":[{"service_token":{"token_id":"s1"}}],`+
		`"include":`+sorted+`,"name":"people","session_duration":"24h"}`)
	must(t, one.Update(people()))
	body(t, api, "PUT "+policies+"/p1",
		`{"decision":"allow","exclude":null,"include":`+sorted+`,"name":"people","session_duration":"24h"}`)
	refresh(t, one)
	differ(t, one, people(), "")
	differ(t, one, people(email("b@example.net")), "includes[3]")
	differ(t, one, people(email("<unknown>")), "includes[3]")
	refresh(t, one)
	differ(t, one, people(), "mfaConfig")
	if refused := one.Check(map[string]any{"accountId": "acc", "name": "x", "decision": "maybe",
		"includes": []any{map[string]any{"okta": map[string]any{}}}}); len(refused) != 1 ||
		refused[0].Property != "includes[0].okta" {
		t.Errorf("refused %v", refused)
	}
}

func application(more map[string]any) map[string]any {
	inputs := map[string]any{"accountId": "acc", "name": "app", "type": "self_hosted",
		"domain":   "app.example.net",
		"policies": []any{map[string]any{"id": "p1"}, map[string]any{"id": "p2"}}}
	for name, value := range more {
		if value == nil {
			delete(inputs, name)
		} else {
			inputs[name] = value
		}
	}
	return inputs
}

const toldApp = `{"result":{"id":"a1","aud":"x","name":"app","type":"self_hosted","domain":"app.example.net",
	"session_duration":"24h","app_launcher_visible":true,"http_only_cookie_attribute":true,
	"self_hosted_domains":["app.example.net"],"destinations":[{"type":"public","uri":"app.example.net"}],
	"tags":[],"allowed_idps":[],"auto_redirect_to_identity":false,
	"policies":[{"id":"p1","precedence":1,"name":"people","decision":"allow","include":[{"everyone":{}}]},
	{"id":"p2","precedence":2,"name":"others","decision":"deny"}]`

func TestAnApplicationNumbersItsPoliciesAndKeepsThemSmall(t *testing.T) {
	plugin, api := serve(t, map[string][]resttest.Answer{
		"POST " + apps:        resttest.Bodies(toldApp + "}}"),
		"GET " + apps + "/a1": resttest.Bodies(toldApp + "}}"),
		"PUT " + apps + "/a1": resttest.Bodies(toldApp + "}}"),
	})
	one := life(t, plugin, "zeroTrustAccessApplication:ZeroTrustAccessApplication")
	must(t, one.Create(application(map[string]any{"tags": []any{"homelab"}})))
	const numbered = `"policies":[{"id":"p1","precedence":1},{"id":"p2","precedence":2}],`
	body(t, api, "POST "+apps, `{"app_launcher_visible":true,"domain":"app.example.net",`+
		`"http_only_cookie_attribute":true,"name":"app",`+numbered+
		`"session_duration":"24h","tags":["homelab"],"type":"self_hosted"}`)
	must(t, one.Update(application(nil)))
	body(t, api, "PUT "+apps+"/a1", `{"app_launcher_visible":true,`+
		`"destinations":[{"type":"public","uri":"app.example.net"}],"domain":"app.example.net",`+
		`"http_only_cookie_attribute":true,"name":"app",`+numbered+
		`"self_hosted_domains":["app.example.net"],"session_duration":"24h","tags":null,"type":"self_hosted"}`)
	refresh(t, one)
	differ(t, one, application(nil), "")
	differ(t, one, application(map[string]any{"policies": []any{map[string]any{"id": "p2"}}}),
		"policies[0].id policies[1]")
	must(t, one.Update(application(map[string]any{"domain": "b.example.net", "policies": nil})))
	if sent := api.Last(t, "PUT "+apps+"/a1").Body; strings.Contains(sent, "self_hosted_domains") ||
		strings.Contains(sent, "destinations") || !strings.Contains(sent, `"policies":[]`) {
		t.Errorf("another domain is sent as %s", sent)
	}
}

func TestWhatTheServerMakesOfAnApplicationMayDiffer(t *testing.T) {
	for answer, want := range map[string]string{
		`,"logo_url":""`: "logoUrl", `,"cors_headers":{}`: "corsHeaders", `,"custom_pages":[]`: "customPages",
		`,"same_site_cookie_attribute":"none"`: "sameSiteCookieAttribute", `,"allow_iframe":false`: "",
		`,"session_duration":"24h0m0s"`: "sessionDuration", `,"tags":["x"]`: "tags",
		`,"skip_interstitial":true`: "skipInterstitial", `,"allow_authenticate_via_warp":false`: "allowAuthenticateViaWarp",
	} {
		plugin, _ := serve(t, map[string][]resttest.Answer{
			"POST " + apps: resttest.Bodies(toldApp + "}}"), "GET " + apps + "/a1": resttest.Bodies(toldApp + answer + "}}")})
		one := life(t, plugin, "zeroTrustAccessApplication:ZeroTrustAccessApplication")
		must(t, one.Create(application(nil)))
		refresh(t, one)
		differ(t, one, application(nil), want)
	}
}

func TestAServiceTokensSecretIsToldOnceAndRolledByItsVersion(t *testing.T) {
	plugin, api := serve(t, map[string][]resttest.Answer{
		"POST " + tokens: resttest.Bodies(`{"result":{"id":"s1","name":"probe","duration":"8760h",
			"client_id":"s1.access","client_secret":"first"}}`),
		"GET " + tokens + "/s1": resttest.Bodies(`{"result":{"id":"s1","name":"probe","duration":"8760h",
			"client_id":"s1.access","client_secret":"****","client_secret_version":7}}`),
		"PUT " + tokens + "/s1": resttest.Bodies(`{"result":{"id":"s1","client_secret":"second"}}`),
	})
	one := life(t, plugin, "zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken")
	probe := map[string]any{"accountId": "acc", "name": "probe"}
	must(t, one.Create(probe))
	body(t, api, "POST "+tokens, `{"client_secret_version":1,"duration":"8760h","name":"probe"}`)
	refresh(t, one)
	differ(t, one, probe, "")
	if !one.Marked["clientSecret"].IsSecret() || one.State["clientSecret"].StringValue() != "first" {
		t.Errorf("the secret is %v", one.Marked["clientSecret"])
	}
	probe["clientSecretVersion"] = 2.0
	if shown := one.Preview(probe)["clientSecret"]; !shown.SecretValue().Element.IsComputed() {
		t.Errorf("rolling is shown as %v", shown)
	}
	if refused := one.Check(probe); len(refused) != 1 {
		t.Errorf("rolling without an end of the old secret: %v", refused)
	}
	probe["previousClientSecretExpiresAt"] = "2027-01-01T00:00:00Z"
	must(t, one.Update(probe))
	body(t, api, "PUT "+tokens+"/s1", `{"client_secret_version":2,"duration":"8760h","name":"probe",`+
		`"previous_client_secret_expires_at":"2027-01-01T00:00:00Z"}`)
	if one.State["clientSecret"].StringValue() != "second" || one.State["clientId"].StringValue() != "s1.access" {
		t.Errorf("rolled to %v", one.State)
	}
}

func TestASignOnsSecretIsToldOnceAndItsIdIsTheServers(t *testing.T) {
	const told = `{"result":{"id":"a1","aud":"x","name":"grafana","type":"saas","session_duration":"24h",
		"app_launcher_visible":true,"policies":[{"id":"p1","precedence":1}],
		"saas_app":{"auth_type":"oidc","redirect_uris":["https://grafana.home.arpa/login/generic_oauth"],
		"grant_types":["authorization_code"],"access_token_lifetime":"5m","client_id":"c1"`
	plugin, api := serve(t, map[string][]resttest.Answer{
		"POST " + apps:        resttest.Bodies(told + `,"client_secret":"first"}}}`),
		"PUT " + apps + "/a1": resttest.Bodies(told + `,"public_key":"k"}}}`),
		"GET " + apps + "/a1": resttest.Bodies(told + `,"public_key":"k"}}}`),
	})
	one := life(t, plugin, "zeroTrustAccessApplication:ZeroTrustAccessApplication")
	inputs := func(uri string) map[string]any {
		return map[string]any{"accountId": "acc", "name": "grafana", "type": "saas",
			"policies": []any{map[string]any{"id": "p1"}},
			"saasApp": map[string]any{"authType": "oidc", "redirectUris": []any{uri},
				"grantTypes": []any{"authorization_code"}}}
	}
	const uri = "https://grafana.home.arpa/login/generic_oauth"
	shown := one.Resource.Preview(resttest.Inputs(inputs(uri)))["saasApp"].ObjectValue()
	if !shown["clientId"].IsComputed() || !shown["clientSecret"].SecretValue().Element.IsComputed() {
		t.Errorf("before it is made a client is shown as %v", shown)
	}
	must(t, one.Create(inputs(uri)))
	body(t, api, "POST "+apps, `{"app_launcher_visible":true,"name":"grafana",`+
		`"policies":[{"id":"p1","precedence":1}],"saas_app":{"access_token_lifetime":"5m","auth_type":"oidc",`+
		`"grant_types":["authorization_code"],"redirect_uris":["`+uri+`"]},"session_duration":"24h","type":"saas"}`)
	refresh(t, one)
	differ(t, one, inputs(uri), "")
	differ(t, one, inputs(uri+"/other"), "saasApp.redirectUris[0]")
	// The answer to an update has no secret: the one of the plan stays (resource.go, Update).
	must(t, one.Update(inputs(uri+"/other")))
	client := one.Marked["saasApp"].ObjectValue()
	if client["clientId"].StringValue() != "c1" || !client["clientSecret"].IsSecret() ||
		client["clientSecret"].SecretValue().Element.StringValue() != "first" {
		t.Errorf("the client is %v", client)
	}
}
