package main

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/goldentest"
	"homelab/lab/plugins/provider"
)

func TestNothingIsServedThatNoGoldenGraphHas(t *testing.T) {
	var served []string
	for _, describe := range providers {
		plugin := describe()
		for token := range plugin.Resources {
			served = append(served, token)
		}
		for token := range plugin.Functions {
			served = append(served, token)
		}
	}
	goldentest.Check(t, "testdata", served, map[string]string{
		"proxmoxve:hardware/mapping/pci:Pci":    "made for a site that hands PCI devices to machines",
		"proxmoxve:hardware/mapping/usb:Usb":    "made for a site that hands USB devices to machines",
		"proxmoxve:index/haresource:Haresource": "made for a machine that names its HA state",
		"tailscale:index/tailnetSettings:TailnetSettings": "switches on the HTTPS certificates that a kubeconfig through " +
			"the operator's proxy needs; a person does it until a stack may",
	})
}

func TestWhatTheGoldenGraphsRegisterIsAccepted(t *testing.T) {
	served := map[string]provider.Resource{}
	for _, describe := range providers {
		for token, kind := range describe().Resources {
			served[token] = kind
		}
	}
	// Graphs mask secrets; any value may stand there.
	masked := func(value any) (resource.PropertyValue, bool) {
		text, _ := value.(string)
		return provider.Unknown(), strings.HasPrefix(text, "[secret ")
	}
	for _, one := range goldentest.Resources(t, "testdata") {
		kind, ours := served[one.Type]
		if !ours {
			continue
		}
		inputs := resource.NewPropertyMapFromMapRepl(one.Inputs, nil, masked)
		_, refused, err := kind.Check(t.Context(), provider.Check{News: inputs})
		if err != nil || len(refused) > 0 {
			t.Errorf("%s %s: %v %v", one.Type, one.Name, refused, err)
		}
	}
}
