// Command guest is the system software of a simulated machine: its init as process 1, and the systemctl, journalctl
// and cloud-init commands, chosen by the name that it is called by.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"homelab/lab/machines/guest/boot"
	"homelab/lab/machines/guest/command"
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
	}
	fmt.Fprintf(os.Stderr, "guest: no command %q; there are init, systemctl, journalctl and cloud-init\n", name)
	return 2
}
