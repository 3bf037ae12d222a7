package cloudflare

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// policyOfApplication names a reusable policy by its id, or is one inline.
var policyOfApplication = rest.Schema{
	"id": {}, "precedence": {Kind: rest.Number}, "name": {}, "decision": {},
	"includes": rules("include"), "excludes": rules("exclude"),
	"requires": rules("require"),
}

var applicationSchema = rest.Schema{
	"accountId":               accountID,
	"name":                    {Computed: true},
	"domain":                  {Computed: true},
	"type":                    {Computed: true},
	"sessionDuration":         {Default: sessionDuration},
	"appLauncherVisible":      {Kind: rest.Flag, Default: true},
	"httpOnlyCookieAttribute": {Kind: rest.Flag, Default: true},
	"policies":                {Kind: rest.List, Lax: true, Fields: policyOfApplication},
	"tags":                    {Kind: rest.Texts, Unordered: true, Lax: true},
	"allowedIdps":             {Kind: rest.Texts, Wire: "allowed_idps", Unordered: true, Lax: true},
	"selfHostedDomains":       {Kind: rest.Texts, Computed: true, Unordered: true},
	"destinations": {Kind: rest.List, Computed: true, Fields: rest.Schema{
		"type": {Computed: true}, "uri": {}, "cidr": {}, "hostname": {}, "portRange": {},
		"l4Protocol": {Wire: "l4_protocol"}, "vnetId": {}, "mcpServerId": {},
	}},
	"autoRedirectToIdentity":   {Kind: rest.Flag, Lax: true},
	"allowIframe":              {Kind: rest.Flag, Lax: true},
	"skipInterstitial":         {Kind: rest.Flag, Lax: true},
	"pathCookieAttribute":      {Kind: rest.Flag, Lax: true},
	"serviceAuth401Redirect":   {Kind: rest.Flag, Lax: true, Wire: "service_auth_401_redirect"},
	"enableBindingCookie":      {Kind: rest.Flag, Lax: true},
	"optionsPreflightBypass":   {Kind: rest.Flag, Lax: true},
	"allowAuthenticateViaWarp": {Kind: rest.Flag},
	"sameSiteCookieAttribute":  {}, "logoUrl": {}, "customDenyMessage": {}, "customDenyUrl": {},
	"customNonIdentityDenyUrl": {},
	"customPages":              {Kind: rest.Texts},
	// The API may answer these where nobody asked: then the application differs from the program.
	"corsHeaders":       {Kind: rest.Nested, Fields: rest.Schema{}},
	"landingPageDesign": {Kind: rest.Nested, Fields: rest.Schema{}},
	"mfaConfig":         {Kind: rest.Nested, Fields: rest.Schema{}},
	"footerLinks":       {Kind: rest.List, Fields: rest.Schema{}},
	"targetCriterias":   {Kind: rest.List, Wire: "target_criteria", Fields: rest.Schema{}},
	"aud":               moving,
	"saasApp":           {Kind: rest.Nested, Fields: saasSchema},
}

// saasSchema is a client of OpenID Connect. Its secret is in the answer to its creation alone, and stays in
// the state (terraform-provider-cloudflare, zero_trust_access_application/normalizations.go).
var saasSchema = rest.Schema{
	"authType": {Required: true}, "redirectUris": {Kind: rest.Texts}, "grantTypes": {Kind: rest.Texts},
	"scopes": {Kind: rest.Texts}, "appLauncherUrl": {},
	"accessTokenLifetime":          {Default: "5m"},
	"allowPkceWithoutClientSecret": {Kind: rest.Flag, Lax: true},
	"refreshTokenOptions":          {Kind: rest.Nested, Fields: rest.Schema{"lifetime": {}}},
	"clientId":                     {Computed: true},
	"clientSecret":                 {Computed: true, Secret: true, Kept: true},
}

// accessApplication is what Access protects: a self-hosted address with its policies in their order, or a
// client that people sign on to.
func accessApplication() behaviour {
	made := collection{
		path: account("access/apps"), idName: "app_id", schema: applicationSchema,
		// Without policies the list is sent empty: the API would leave them as they are otherwise.
		prepare: func(_, plan rest.Object, body map[string]any) {
			if !plan.Has("policies") {
				body["policies"] = []any{}
			}
		},
		read: readApplication,
	}.behaviour()
	made.Validate = func(inputs provider.Map) []provider.Failure {
		if refused := oneOf(inputs, "type", "self_hosted", "saas"); refused != nil {
			refused[0].Reason = "the lab's cloudflare plugin serves applications of the types self_hosted and saas alone"
			return refused
		}
		return nil
	}
	made.Adjust = planApplication
	return made
}

// planApplication numbers the policies, and leaves what follows from the domain to the API when that
// changes. Cookies are of self-hosted applications alone (plan_modifiers.go of the provider).
func planApplication(state, news, plan provider.Map) {
	if provider.Text(news, "type") == "saas" && !news.HasValue("httpOnlyCookieAttribute") {
		delete(plan, "httpOnlyCookieAttribute")
	}
	if policies, ok := plan["policies"]; ok && policies.IsArray() {
		last, numbered := 0.0, []resource.PropertyValue{}
		for _, one := range policies.ArrayValue() {
			if one.IsObject() {
				policy := provider.Copy(one.ObjectValue())
				if !policy.HasValue("precedence") {
					policy["precedence"] = resource.NewProperty(last + 1)
				}
				if policy["precedence"].IsNumber() {
					last = policy["precedence"].NumberValue()
				}
				one = resource.NewProperty(policy)
			}
			numbered = append(numbered, one)
		}
		plan["policies"] = resource.NewProperty(numbered)
	}
	if !state["domain"].DeepEquals(plan["domain"]) {
		for _, follows := range []resource.PropertyKey{"selfHostedDomains", "destinations"} {
			if value, ok := plan[follows]; ok && value.DeepEquals(state[follows]) {
				delete(plan, follows)
			}
		}
	}
}

// readApplication keeps of a policy what the program named: the API shows reusable ones in full.
func readApplication(before, now rest.Object) {
	known := before.Objects("policies")
	for i, policy := range now.Objects("policies") {
		pruneRules(policy, "includes", "excludes", "requires")
		if i >= len(known) {
			break
		}
		for _, name := range []string{"id", "decision", "name", "includes", "excludes", "requires"} {
			if !known[i].Has(name) {
				delete(policy, name)
			}
		}
	}
}
