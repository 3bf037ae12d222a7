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
	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/proxmoxve"
	"homelab/lab/plugins/random"
	"homelab/lab/plugins/tailscale"
	"homelab/lab/plugins/tls"
)

const languageHost = "pulumi-language-nodejs"

// providers describe the plugins that serve resources, by the binary's name.
var providers = map[string]func() provider.Provider{
	"pulumi-resource-cloudflare": cloudflare.New,
	"pulumi-resource-command":    command.New,
	"pulumi-resource-proxmoxve":  proxmoxve.New,
	"pulumi-resource-random":     random.New,
	"pulumi-resource-tailscale":  tailscale.New,
	"pulumi-resource-tls":        tls.New,
}

func main() {
	name := filepath.Base(os.Args[0])
	if err := run(name); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

func run(name string) error {
	if name == languageHost {
		return langhost.Main()
	}
	describe, ok := providers[name]
	if !ok {
		return fmt.Errorf("no such plugin; link this binary as one of: %s", names())
	}
	return provider.Main(describe())
}

func names() string {
	all := []string{languageHost}
	for name := range providers {
		all = append(all, name)
	}
	sort.Strings(all)
	return strings.Join(all, ", ")
}
