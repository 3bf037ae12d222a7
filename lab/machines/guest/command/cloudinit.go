package command

import (
	"fmt"
	"strings"

	"homelab/lab/machines/guest/control"
)

// CloudInit is `cloud-init status [--wait] [--long]`; it ends with 1 when the first boot had problems.
func CloudInit(args []string) int {
	wait, long := false, false
	rest := newOptions(args)
	verb := ""
	for rest.next() {
		switch rest.name {
		case "--wait", "-w":
			wait = true
		case "--long", "-l":
			long = true
		case "":
			verb = rest.value
		default:
			return complain("cloud-init: option '%s' is not supported by the lab's machines", rest.name)
		}
	}
	if verb != "status" {
		return complain("cloud-init: only `cloud-init status` is supported by the lab's machines")
	}
	answer, err := control.Ask(control.Request{Verb: "cloud-init", NoBlock: !wait})
	if err != nil {
		return complain("cloud-init: %v", err)
	}
	fmt.Println("status: " + answer.Result)
	if long && answer.Detail != "" {
		fmt.Println("errors:\n  - " + strings.ReplaceAll(answer.Detail, "\n", "\n  - "))
	}
	if answer.Result == "error" {
		return 1
	}
	return 0
}
