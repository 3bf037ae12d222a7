package main

import (
	"testing"

	"homelab/lab/plugins/goldentest"
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
		"proxmoxve:hardware/mapping/pci:Pci":            "made for a site that hands PCI devices to machines",
		"proxmoxve:index/haresource:Haresource":         "made for a machine that names its HA state",
		"proxmoxve:index/getNodesLegacy:getNodesLegacy": "called before anything is registered; graphs show no calls",
		"proxmoxve:index/getVmsLegacy:getVmsLegacy":     "called before anything is registered; graphs show no calls",
		"tailscale:index/tailnetSettings:TailnetSettings": "switches on the HTTPS certificates that a kubeconfig through " +
			"the operator's proxy needs; a person does it until a stack may",
	})
}
