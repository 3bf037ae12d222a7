package tailscale

import (
	"slices"
	"strings"
	"testing"

	"homelab/lab/plugins/rest/resttest"
)

const (
	keys    = "/api/v2/tailnet/-/keys"
	oneKey  = keys + "/k1"
	authKey = `{"id":"k1","keyType":"auth","description":"nodes","expirySeconds":3600,
		"created":"2026-01-02T03:04:05Z","expires":"2026-01-02T04:04:05Z","capabilities":{"devices":{"create":
		{"reusable":true,"preauthorized":true,"tags":["tag:b","tag:a"]}}}}`
)

func nodesKey(more map[string]any) map[string]any {
	inputs := map[string]any{"reusable": true, "preauthorized": true, "expiry": 3600.0,
		"description": "nodes", "tags": []any{"tag:a", "tag:b"}}
	for name, value := range more {
		inputs[name] = value
	}
	return inputs
}

func madeKey(key string) []resttest.Answer {
	return resttest.Bodies(strings.Replace(key, `"id":"k1"`, `"id":"k1","key":"tskey-auth-secret"`, 1))
}

func TestAKeyIsMadeOnceAndChangedByAnother(t *testing.T) {
	plugin, api := tailnet(t, map[string][]resttest.Answer{
		"POST " + keys: madeKey(authKey), "GET " + oneKey: resttest.Bodies(authKey),
		"DELETE " + oneKey: {{Status: 404, Body: `{"message":"not found"}`}},
	})
	key := life(t, plugin, "tailnetKey:TailnetKey")
	must(t, key.Create(nodesKey(nil)))
	want := `{"capabilities":{"devices":{"create":{"reusable":true,"ephemeral":false,` +
		`"tags":["tag:a","tag:b"],"preauthorized":true}}},"description":"nodes","expirySeconds":3600}`
	if body := api.Last(t, "POST "+keys).Body; body != want {
		t.Errorf("made with %s", body)
	}
	if secret := key.Marked["key"]; !secret.IsSecret() ||
		secret.SecretValue().Element.StringValue() != "tskey-auth-secret" {
		t.Errorf("the key is %v", secret)
	}
	if found, err := key.Refresh(); !found || err != nil {
		t.Fatal(found, err)
	}
	if key.State["key"].StringValue() != "tskey-auth-secret" {
		t.Error("a refresh loses the secret")
	}
	for path, change := range map[string]map[string]any{
		"":             {"tags": []any{"tag:b", "tag:a"}},
		"description!": {"description": "others"}, "expiry!": {"expiry": 7200.0},
		"reusable!": {"reusable": false}, "tags[0]! tags[1]!": {"tags": []any{"tag:a", "tag:c"}},
		"recreateIfInvalid": {"recreateIfInvalid": "never"},
	} {
		if got := strings.Join(key.Diff(nodesKey(change)), " "); got != path {
			t.Errorf("%v: differs at %q, want %q", change, got, path)
		}
	}
	must(t, key.Delete())
}

func TestAKeyThatTheServerTellsOtherwiseIsReplaced(t *testing.T) {
	for path, told := range map[string]string{
		"description!":      strings.Replace(authKey, `"description":"nodes",`, "", 1),
		"expiry!":           strings.Replace(authKey, `"expirySeconds":3600,`, "", 1),
		"tags[0]! tags[1]!": strings.Replace(authKey, `,"tags":["tag:b","tag:a"]`, "", 1),
	} {
		plugin, _ := tailnet(t, map[string][]resttest.Answer{
			"POST " + keys: madeKey(authKey), "GET " + oneKey: resttest.Bodies(told)})
		key := life(t, plugin, "tailnetKey:TailnetKey")
		must(t, key.Create(nodesKey(nil)))
		if _, err := key.Refresh(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(key.Diff(nodesKey(nil)), " "); got != path {
			t.Errorf("differs at %q, want %q", got, path)
		}
	}
}

func TestAnInvalidKeyIsMadeAnewWhenItIsReusable(t *testing.T) {
	single := strings.Replace(authKey, `"reusable":true,`, "", 1)
	for name, one := range map[string]struct {
		key     string
		change  map[string]any
		answer  resttest.Answer
		replace bool
	}{
		"gone":        {authKey, nil, resttest.Answer{Status: 404, Body: `{"message":"not found"}`}, true},
		"invalid":     {authKey, nil, resttest.Answer{Body: strings.Replace(authKey, "{", `{"invalid":true,`, 1)}, true},
		"never":       {authKey, map[string]any{"recreateIfInvalid": "never"}, resttest.Answer{Status: 404, Body: `{}`}, false},
		"used up":     {single, map[string]any{"reusable": false}, resttest.Answer{Status: 404, Body: `{}`}, false},
		"single, but": {single, map[string]any{"reusable": false, "recreateIfInvalid": "always"}, resttest.Answer{Status: 404, Body: `{}`}, true},
	} {
		plugin, _ := tailnet(t, map[string][]resttest.Answer{
			"POST " + keys: madeKey(one.key), "GET " + oneKey: {one.answer}})
		key := life(t, plugin, "tailnetKey:TailnetKey")
		must(t, key.Create(nodesKey(one.change)))
		if found, err := key.Refresh(); !found || err != nil {
			t.Fatal(name, found, err)
		}
		if got := slices.Contains(key.Diff(nodesKey(one.change)), "id!"); got != one.replace {
			t.Errorf("%s: replaced is %v", name, got)
		}
	}
}

func TestAKeyWithoutItsTypeFailsTheRefresh(t *testing.T) {
	plugin, _ := tailnet(t, map[string][]resttest.Answer{
		"POST " + keys: madeKey(authKey), "GET " + oneKey: resttest.Bodies(`{"id":"k1"}`)})
	key := life(t, plugin, "tailnetKey:TailnetKey")
	must(t, key.Create(nodesKey(nil)))
	if _, err := key.Refresh(); err == nil || !strings.HasPrefix(err.Error(), "Invalid key type ''") {
		t.Errorf("got %v", err)
	}
}

func TestAnOauthClientIsChangedInPlaceAndDroppedWhenItIsGone(t *testing.T) {
	plugin, api := tailnet(t, map[string][]resttest.Answer{
		"POST " + keys:  resttest.Bodies(`{"id":"k1","key":"tskey-client-secret"}`),
		"PUT " + oneKey: resttest.Bodies(`{"id":"k1"}`),
		"GET " + oneKey: {{Status: 404, Body: `{"message":"not found"}`}},
	})
	client := life(t, plugin, "oauthClient:OauthClient")
	must(t, client.Create(map[string]any{"scopes": []any{"auth_keys"}, "tags": []any{"tag:o"}}))
	if client.ID != "k1" || !client.Marked["key"].IsSecret() {
		t.Errorf("made %s %v", client.ID, client.Marked)
	}
	must(t, client.Update(map[string]any{"scopes": []any{"auth_keys"}, "description": "operator"}))
	want := `{"description":"operator","keyType":"client","scopes":["auth_keys"],"tags":[]}`
	if body := api.Last(t, "PUT "+oneKey).Body; body != want {
		t.Errorf("changed with %s", body)
	}
	if client.State["key"].StringValue() != "tskey-client-secret" {
		t.Error("an update loses the secret")
	}
	if found, err := client.Refresh(); found || err != nil {
		t.Error(found, err)
	}
}
