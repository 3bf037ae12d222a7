// Package command is the stand-in for pulumi-resource-command 1.2.1: commands and copies over SSH, with
// the behaviour, the waits and the texts of the official plugin. Local commands are not supported.
package command

import (
	"homelab/lab/plugins/provider"
)

// Main serves the plugin.
func Main() error {
	return provider.Main(New())
}

// New describes the plugin; property names are those of the package @pulumi/command.
func New() provider.Provider {
	return provider.Provider{
		Name: "command",
		Resources: map[string]provider.Resource{
			"command:remote:Command":      &remoteCommand{},
			"command:remote:CopyToRemote": &copyToRemote{},
		},
	}
}
