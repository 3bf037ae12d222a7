// Command guest is the system software of a simulated machine: its init as process 1, and the systemctl, journalctl
// and cloud-init commands, chosen by the name that it is called by; and the firewall of a simulated router.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"homelab/lab/machines/guest/boot"
	"homelab/lab/machines/guest/command"
	"homelab/lab/machines/guest/firewall"
)

func main() {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	if name == "guest" && len(args) > 0 {
		name, args = args[0], args[1:]
	}
	os.Exit(run(name, args))
}

func run(name string, args []string) int {
	switch name {
	case "init":
		return boot.Init()
	case "systemctl":
		return command.Systemctl(args)
	case "journalctl":
		return command.Journalctl(args)
	case "cloud-init":
		return command.CloudInit(args)
	case "firewall":
		return firewall.Command(args)
	}
	fmt.Fprintf(os.Stderr, "guest: no command %q; there are init, systemctl, journalctl, cloud-init and firewall\n", name)
	return 2
}
