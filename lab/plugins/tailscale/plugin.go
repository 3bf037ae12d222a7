// Package tailscale is the stand-in for pulumi-resource-tailscale 0.29.1: the resources that a tailnet is
// made of, with the calls, comparisons and traps of the official plugin. It speaks the real API, and
// refuses arguments that it does not support.
package tailscale

import (
	"context"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// behaviour is a resource of this plugin.
type behaviour = rest.Behaviour[*client]

// Main serves the plugin.
func Main() error { return provider.Main(New()) }

// New describes the plugin; property names are those of the package @pulumi/tailscale.
func New() provider.Provider {
	p := &plugin{}
	resources := rest.Resources("tailscale:index/", p.client, map[string]behaviour{
		"acl:Acl":                                 acl(),
		"tailnetKey:TailnetKey":                   tailnetKey(),
		"oauthClient:OauthClient":                 oauthClient(),
		"dnsNameservers:DnsNameservers":           dnsNameservers(),
		"dnsSearchPaths:DnsSearchPaths":           dnsSearchPaths(),
		"dnsPreferences:DnsPreferences":           dnsPreferences(),
		"dnsSplitNameservers:DnsSplitNameservers": dnsSplitNameservers(),
		"deviceTags:DeviceTags":                   deviceTags(),
		"deviceSubnetRoutes:DeviceSubnetRoutes":   deviceSubnetRoutes(),
		"deviceAuthorization:DeviceAuthorization": deviceAuthorization(),
		"deviceKey:DeviceKey":                     deviceKey(),
		"tailnetSettings:TailnetSettings":         tailnetSettings(),
	})
	return provider.Provider{
		Name:      "tailscale",
		Configure: p.configure,
		Resources: resources,
		Functions: map[string]func(context.Context, provider.Map) (provider.Map, error){
			"tailscale:index/getDevice:getDevice":   p.getDevice,
			"tailscale:index/getDevices:getDevices": p.getDevices,
		},
	}
}
