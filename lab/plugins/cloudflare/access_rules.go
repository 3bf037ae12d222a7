package cloudflare

import "homelab/lab/plugins/rest"

// accessRule says whom a rule of Access means: one of these per element.
var accessRule = rest.Schema{
	"anyValidServiceToken": selector(),
	"certificate":          selector(),
	"everyone":             selector(),
	"authMethod":           selector("authMethod"),
	"commonName":           selector("commonName"),
	"email":                selector("email"),
	"emailDomain":          selector("domain"),
	"emailList":            selector("id"),
	"geo":                  selector("countryCode"),
	"githubOrganization":   optional(selector("identityProviderId", "name"), "team"),
	"group":                selector("id"),
	"ip":                   selector("ip"),
	"ipList":               selector("id"),
	"loginMethod":          selector("id"),
	"oidc":                 selector("claimName", "claimValue", "identityProviderId"),
	"serviceToken":         selector("tokenId"),
}

// selector is an object of texts that must all be given.
func selector(names ...string) rest.Field {
	fields := rest.Schema{}
	for _, name := range names {
		fields[name] = rest.Field{Required: true}
	}
	return rest.Field{Kind: rest.Nested, Fields: fields}
}

func optional(field rest.Field, name string) rest.Field {
	field.Fields = field.Fields.With(rest.Schema{name: {}})
	return field
}

// rules is a set of rules; "includes" is "include" on the wire, and so on.
func rules(wire string) rest.Field {
	return rest.Field{Kind: rest.List, Wire: wire, Unordered: true, Lax: true, Fields: accessRule}
}

// emptiable selectors have no content of their own: an empty object of any other says nothing.
var emptiable = map[string]bool{"anyValidServiceToken": true, "certificate": true, "everyone": true}

// pruneRules takes away selectors that the API answers beside the real one without content.
func pruneRules(o rest.Object, names ...string) {
	for _, name := range names {
		for _, rule := range o.Objects(name) {
			for selector, value := range rule {
				content, isObject := value.(map[string]any)
				if isObject && len(content) == 0 && !emptiable[selector] {
					delete(rule, selector)
				}
			}
		}
	}
}
