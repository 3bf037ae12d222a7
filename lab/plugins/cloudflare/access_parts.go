package cloudflare

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// owner is the account or the zone that something of Access belongs to.
var owner = rest.Schema{
	"accountId": {Local: true, Replace: true}, "zoneId": {Local: true, Replace: true},
}

// serviceToken signs in programs. Its secret is in the answers to its creation and to its rolling.
func serviceToken() behaviour {
	made := collection{
		path: accountOrZone("access/service_tokens"), idName: "service_token_id",
		schema: owner.With(rest.Schema{
			"name":                          {Required: true},
			"duration":                      {Default: "8760h"},
			"clientSecretVersion":           {Kind: rest.Number, Default: 1.0, Kept: true},
			"previousClientSecretExpiresAt": {Kept: true},
			"clientId":                      output,
			"clientSecret":                  {Output: true, Secret: true, Kept: true},
			"expiresAt":                     moving,
		}),
	}.behaviour()
	made.Foresee = func(state, plan, shown provider.Map) {
		if !state["clientSecretVersion"].DeepEquals(plan["clientSecretVersion"]) {
			shown["clientSecret"] = provider.Unknown()
		}
	}
	made.Validate = func(inputs provider.Map) []provider.Failure {
		given := func(name resource.PropertyKey) bool { return inputs.HasValue(name) }
		if given("clientSecretVersion") != given("previousClientSecretExpiresAt") {
			return []provider.Failure{{Property: "clientSecretVersion",
				Reason: "client_secret_version and previous_client_secret_expires_at must be specified together"}}
		}
		return nil
	}
	return made
}

// accessGroup is a named set of rules; unlike a policy's, their order counts.
func accessGroup() behaviour {
	includes := rules("include", false)
	includes.Required = true
	return collection{
		path: accountOrZone("access/groups"), idName: "group_id",
		schema: owner.With(rest.Schema{
			"name":      {Required: true},
			"includes":  includes,
			"excludes":  rules("exclude", false),
			"requires":  rules("require", false),
			"isDefault": {Kind: rest.Flag, Kept: true},
		}),
		read: func(_, now rest.Object) { pruneRules(now, "includes", "excludes", "requires") },
	}.behaviour()
}

// identityProvider is a way to sign in: a one-time PIN (type onetimepin), GitHub or OpenID Connect.
func identityProvider() behaviour {
	made := collection{
		path: accountOrZone("access/identity_providers"), idName: "identity_provider_id",
		schema: owner.With(rest.Schema{
			"name": {Required: true},
			"type": {Required: true, Replace: true},
			"config": {Kind: rest.Nested, Required: true, Fields: rest.Schema{
				"clientId": {}, "clientSecret": {Secret: true},
				"authUrl": {}, "certsUrl": {}, "tokenUrl": {}, "emailClaimName": {}, "prompt": {},
				"claims": {Kind: rest.Texts}, "scopes": {Kind: rest.Texts},
				"pkceEnabled":              {Kind: rest.Flag},
				"supportGroups":            {Kind: rest.Flag, Lax: true},
				"signRequest":              {Kind: rest.Flag, Lax: true},
				"conditionalAccessEnabled": {Kind: rest.Flag, Lax: true},
				"redirectUrl":              output,
			}},
			"scimConfig": {Kind: rest.Nested, Computed: true, Lax: true, Fields: rest.Schema{
				"enabled": {Kind: rest.Flag}, "identityUpdateBehavior": {},
				"seatDeprovision": {Kind: rest.Flag}, "userDeprovision": {Kind: rest.Flag},
				"scimBaseUrl": output, "secret": {Output: true, Secret: true},
			}},
		}),
		// The secret is not shown again; a masked one would be taken as a change.
		read: func(before, now rest.Object) {
			was, _ := before["config"].(map[string]any)
			is, _ := now["config"].(map[string]any)
			if is != nil && is["clientSecret"] == nil && was["clientSecret"] != nil {
				is["clientSecret"] = was["clientSecret"]
			}
		},
	}.behaviour()
	made.Validate = func(inputs provider.Map) []provider.Failure {
		if refused := oneOf(inputs, "type", "onetimepin", "github", "oidc"); refused != nil {
			refused[0].Reason = "the stand-in plugin supports onetimepin, github and oidc"
			return refused
		}
		return nil
	}
	return made
}

// accessTag is a label for applications; its id is its name.
func accessTag() behaviour {
	return collection{
		path: account("access/tags"), idName: "tag_name",
		id: func(plan rest.Object) string { return plan.Text("name") },
		schema: rest.Schema{
			"accountId": accountID, "name": {Required: true, Replace: true},
		},
	}.behaviour()
}
