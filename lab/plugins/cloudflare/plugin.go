// Package cloudflare is the stand-in for pulumi-resource-cloudflare 6.22.1: tunnels, DNS records and
// Access, with the calls, retries, comparisons and traps of the official plugin. It speaks the real API,
// and refuses arguments that it does not support.
package cloudflare

import (
	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// behaviour is a resource of this plugin.
type behaviour = rest.Behaviour[*client]

// New describes the plugin; property names are those of the package @pulumi/cloudflare.
func New() provider.Provider {
	p := &plugin{}
	resources := rest.Resources("cloudflare:index/", p.client, map[string]behaviour{
		"zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared":             tunnel(),
		"zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig": tunnelConfig(),
		"dnsRecord:DnsRecord":                                     dnsRecord(),
		"zeroTrustAccessPolicy:ZeroTrustAccessPolicy":             accessPolicy(),
		"zeroTrustAccessApplication:ZeroTrustAccessApplication":   accessApplication(),
		"zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken": serviceToken(),
	})
	return provider.Provider{
		Name:        "cloudflare",
		CheckConfig: checkConfig,
		Configure:   p.configure,
		Resources:   resources,
	}
}
