// Package random is the stand-in for pulumi-resource-random 4.21: passwords, strings, bytes, ids and
// UUIDs that stay as they are until an input (for instance a keeper) changes.
package random

import (
	"homelab/lab/plugins/provider"
)

// Main serves the plugin.
func Main() error {
	return provider.Main(New())
}

// New describes the plugin; property names are those of the package @pulumi/random.
func New() provider.Provider {
	return provider.Provider{
		Name: "random",
		Resources: map[string]provider.Resource{
			"random:index/randomPassword:RandomPassword": password(),
			"random:index/randomString:RandomString":     text(),
			"random:index/randomBytes:RandomBytes":       bytesResource(),
			"random:index/randomId:RandomId":             idResource(),
			"random:index/randomUuid:RandomUuid":         uuidResource(),
		},
	}
}
