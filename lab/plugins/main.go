// Command plugins is the stand-in Pulumi plugins in one binary, all but the one for Kubernetes, which
// has its own; the name that it is started under picks the plugin (pulumi-language-nodejs,
// pulumi-resource-random, ...).
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"homelab/lab/plugins/cloudflare"
	"homelab/lab/plugins/command"
	"homelab/lab/plugins/langhost"
	"homelab/lab/plugins/proxmoxve"
	"homelab/lab/plugins/random"
	"homelab/lab/plugins/tailscale"
	"homelab/lab/plugins/tls"
)

var plugins = map[string]func() error{
	"pulumi-language-nodejs":     langhost.Main,
	"pulumi-resource-cloudflare": cloudflare.Main,
	"pulumi-resource-command":    command.Main,
	"pulumi-resource-proxmoxve":  proxmoxve.Main,
	"pulumi-resource-random":     random.Main,
	"pulumi-resource-tailscale":  tailscale.Main,
	"pulumi-resource-tls":        tls.Main,
}

func main() {
	name := filepath.Base(os.Args[0])
	run, ok := plugins[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "%s: no such plugin; link this binary as one of: %s\n", name, names())
		os.Exit(2)
	}
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

func names() string {
	var all []string
	for name := range plugins {
		all = append(all, name)
	}
	sort.Strings(all)
	return strings.Join(all, ", ")
}
