// Package proxmoxve is the stand-in for pulumi-resource-proxmoxve 8.6: the resources that a homelab site
// is made of, with the calls, waits, retries and traps of the official plugin. It speaks the real API,
// and refuses arguments that it does not support.
package proxmoxve

import "homelab/lab/plugins/provider"

// New describes the plugin; property names are those of the package @muhlba91/pulumi-proxmoxve.
func New() provider.Provider {
	p := &plugin{}
	return provider.Provider{
		Name:        "proxmoxve",
		CheckConfig: checkConfig,
		Configure:   p.configure,
		Resources: map[string]provider.Resource{
			"proxmoxve:download/file:File":          downloadFile(p),
			"proxmoxve:index/fileLegacy:FileLegacy": fileLegacy(p),
			"proxmoxve:index/vmLegacy:VmLegacy":     &vmResource{p},
			"proxmoxve:index/poolLegacy:PoolLegacy": poolLegacy(p),
			"proxmoxve:index/haresource:Haresource": haResource(p),
			"proxmoxve:hardware/mapping/pci:Pci":    pciMapping(p),
			"proxmoxve:hardware/mapping/usb:Usb":    usbMapping(p),
		},
	}
}
