package command

import (
	"fmt"
	"strings"

	"homelab/lab/machines/guest/control"
)

// CloudInit is `cloud-init status [--wait] [--long]`; it ends with 1 when the first boot had problems, and with 2 when it
// is done and was degraded (cloudinit/cmd/status.py).
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
	status, extended, code := answer.Result, answer.Result, 0
	switch answer.Result {
	case "degraded":
		status, extended, code = "done", "degraded done", 2
	case "error":
		code = 1
	}
	fmt.Println("status: " + status)
	if !long {
		return code
	}
	fmt.Println("extended_status: " + extended)
	if answer.Detail != "" && code == 2 {
		fmt.Println("recoverable_errors:\nWARNING:\n\t- " + strings.ReplaceAll(answer.Detail, "\n", "\n\t  "))
	} else if answer.Detail != "" {
		fmt.Println("errors:\n  - " + strings.ReplaceAll(answer.Detail, "\n", "\n  - "))
	}
	return code
}
