// Command agnhost is the image of Kubernetes' own tests, registry.k8s.io/e2e-test-images/agnhost, with the
// subcommands that answer over the network, reach out, and wait.
package main

import (
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/test/images/agnhost/connect"
	"k8s.io/kubernetes/test/images/agnhost/dns"
	"k8s.io/kubernetes/test/images/agnhost/netexec"
	"k8s.io/kubernetes/test/images/agnhost/pause"
)

func main() {
	root := &cobra.Command{Use: "app"}
	root.AddCommand(netexec.CmdNetexec, connect.CmdConnect, pause.CmdPause, dns.CmdDNSSuffix, dns.CmdDNSServerList, dns.CmdEtcHosts)
	os.Exit(cli.Run(root))
}
