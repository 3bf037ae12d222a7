package cloudflare

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// serviceToken signs in programs. Its secret is in the answers to its creation and to its rolling.
func serviceToken() behaviour {
	made := collection{
		path: account("access/service_tokens"), idName: "service_token_id",
		schema: rest.Schema{
			"accountId":                     accountID,
			"name":                          {Required: true},
			"duration":                      {Default: "8760h"},
			"clientSecretVersion":           {Kind: rest.Number, Default: 1.0, Kept: true},
			"previousClientSecretExpiresAt": {Kept: true},
			"clientId":                      output,
			"clientSecret":                  {Output: true, Secret: true, Kept: true},
			"expiresAt":                     moving,
		},
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
