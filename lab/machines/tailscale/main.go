// Command tailscale stands in for Tailscale on a machine of the lab: the daemon tailscaled and the command tailscale,
// chosen by the name that it is called by. It is a member of the lab's tailnet as far as the control plane goes:
// it registers, is online, advertises routes and has its addresses. It moves no packet: see package daemon.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"homelab/lab/machines/tailscale/cli"
	"homelab/lab/machines/tailscale/daemon"
)

func main() {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	switch name {
	case "tailscaled":
		os.Exit(daemon.Main(args))
	case "tailscale":
		os.Exit(cli.Main(args, os.Stdout, os.Stderr))
	}
	fmt.Fprintf(os.Stderr, "tailscale: cannot run as %q; the names are tailscale and tailscaled\n", name)
	os.Exit(2)
}
