// Package tailscale is the stand-in for pulumi-resource-tailscale 0.29.1: the resources that a tailnet is
// made of, with the calls, comparisons and traps of the official plugin. It speaks the real API, and
// refuses arguments that it does not support.
package tailscale

import (
	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// behaviour is a resource of this plugin.
type behaviour = rest.Behaviour[*client]

// New describes the plugin; property names are those of the package @pulumi/tailscale.
func New() provider.Provider {
	p := &plugin{}
	resources := rest.Resources("tailscale:index/", p.client, map[string]behaviour{
		"acl:Acl":                                 acl(),
		"tailnetKey:TailnetKey":                   tailnetKey(),
		"oauthClient:OauthClient":                 oauthClient(),
		"dnsSplitNameservers:DnsSplitNameservers": dnsSplitNameservers(),
		"tailnetSettings:TailnetSettings":         tailnetSettings(),
	})
	return provider.Provider{
		Name:      "tailscale",
		Configure: p.configure,
		Resources: resources,
	}
}
