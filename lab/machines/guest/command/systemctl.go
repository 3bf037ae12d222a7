// Package command holds the programs that people and scripts call in a machine.
package command

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"homelab/lab/machines/guest/control"
	"homelab/lab/machines/guest/service"
	"homelab/lab/machines/guest/unit"
)

type systemctl struct {
	verb       string
	units      []string
	properties []string
	value, now bool
	noBlock    bool
	quiet      bool
	lines      int
	noLegend   bool
	all        bool
	signal     string
	state      string
}

const systemctlVerbs = "start stop restart try-restart reload reload-or-restart enable disable mask unmask is-active " +
	"is-enabled is-failed is-system-running status show cat daemon-reload reset-failed list-units list-unit-files kill poweroff reboot"

func complain(format string, args ...any) int {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	return 1
}

// Systemctl is systemctl(1) for the verbs above; its exit codes are systemd's.
func Systemctl(args []string) int {
	s := systemctl{lines: 10}
	if code := s.parse(args); code != 0 {
		return code
	}
	if s.verb == "" {
		s.verb = "list-units"
	}
	if !slices.Contains(strings.Fields(systemctlVerbs), s.verb) {
		return complain("Unknown command verb '%s', or one that the lab's machines do not support; there are: %s", s.verb, systemctlVerbs)
	}
	code, err := s.run()
	if err != nil {
		return complain("%v", err)
	}
	return code
}

func (s *systemctl) parse(args []string) int {
	rest := newOptions(args)
	for rest.next() {
		switch rest.name {
		case "--now":
			s.now = true
		case "--no-block":
			s.noBlock = true
		case "-q", "--quiet":
			s.quiet = true
		case "--value":
			s.value = true
		case "-P":
			s.value = true
			s.properties = append(s.properties, strings.Split(rest.argument(), ",")...)
		case "-p", "--property":
			s.properties = append(s.properties, strings.Split(rest.argument(), ",")...)
		case "--no-pager", "--full", "-l", "--system", "--plain", "--no-ask-password", "--no-wall":
		case "-a", "--all":
			s.all = true
		case "--no-legend":
			s.noLegend = true
		case "--legend":
			s.noLegend = rest.argument() == "false"
		case "--state":
			s.state = rest.argument()
		case "--failed":
			s.state = "failed"
		case "-t", "--type":
			if kind := rest.argument(); kind != "service" {
				return complain("systemctl: --type=%s: the lab's machines run services only", kind)
			}
		case "-s", "--signal":
			s.signal = rest.argument()
		case "-n", "--lines":
			if _, err := fmt.Sscanf(rest.argument(), "%d", &s.lines); err != nil {
				return complain("systemctl: --lines needs a number")
			}
		case "":
			if s.verb == "" {
				s.verb = rest.value
			} else {
				s.units = append(s.units, unit.FullName(rest.value))
			}
		default:
			return complain("systemctl: option '%s' is not supported by the lab's machines", rest.name)
		}
		if rest.err != nil {
			return complain("systemctl: %v", rest.err)
		}
	}
	return 0
}

func (s *systemctl) run() (int, error) {
	switch s.verb {
	case "daemon-reload", "poweroff", "reboot":
		return s.job(control.Request{Verb: s.verb})
	case "list-units":
		return s.listUnits()
	case "list-unit-files":
		return s.listUnitFiles()
	case "is-system-running":
		return s.systemState()
	case "reset-failed":
		if len(s.units) == 0 {
			return s.job(control.Request{Verb: s.verb})
		}
	case "show", "status":
		if len(s.units) == 0 {
			return complain("systemctl: %s without a unit is not supported by the lab's machines", s.verb), nil
		}
	}
	if len(s.units) == 0 {
		return complain("Too few arguments."), nil
	}
	return s.eachUnit()
}

func (s *systemctl) eachUnit() (int, error) {
	worst, active := 0, false
	for i, name := range s.units {
		code, err := s.one(name, i)
		if err != nil {
			return 1, err
		}
		active = active || code == 0
		worst = max(worst, code)
	}
	// is-active and its kin ask whether any unit is.
	if active && strings.HasPrefix(s.verb, "is-") {
		return 0, nil
	}
	return worst, nil
}

func (s *systemctl) one(name string, index int) (int, error) {
	switch s.verb {
	case "is-active", "is-failed", "is-enabled":
		return s.query(name)
	case "show":
		if index > 0 {
			fmt.Println()
		}
		return s.show(name)
	case "status":
		if index > 0 {
			fmt.Println()
		}
		return s.status(name)
	case "cat":
		return catUnit(name)
	case "enable", "disable", "mask", "unmask":
		return s.install(name)
	case "kill":
		number := service.SignalNumber("TERM")
		if s.signal != "" {
			number = service.SignalNumber(s.signal)
		}
		if number == 0 {
			return complain("Failed to parse signal string %s.", s.signal), nil
		}
		return s.job(control.Request{Verb: "kill", Unit: name, Signal: int(number)})
	case "reload-or-restart":
		answer, err := control.Ask(control.Request{Verb: "properties", Unit: name})
		if err != nil {
			return 1, err
		}
		verb := "restart"
		if answer.Units[0]["ActiveState"] == "active" && hasReload(name) {
			verb = "reload"
		}
		return s.job(control.Request{Verb: verb, Unit: name, NoBlock: s.noBlock})
	}
	return s.job(control.Request{Verb: s.verb, Unit: name, NoBlock: s.noBlock})
}

func hasReload(name string) bool {
	loaded, err := unit.Load(name)
	return err == nil && len(loaded.Reload) > 0
}

func (s *systemctl) install(name string) (int, error) {
	said, err := map[string]func(string) ([]string, error){
		"enable": unit.Enable, "disable": unit.Disable, "mask": unit.Mask, "unmask": unit.Unmask,
	}[s.verb](name)
	switch err {
	case nil:
	case unit.ErrNotFound:
		return complain("Failed to %s unit: Unit %s does not exist", s.verb, name), nil
	case unit.ErrMasked:
		return complain("Failed to %s unit: Unit %s is masked", s.verb, name), nil
	default:
		return complain("Failed to %s unit: %v", s.verb, err), nil
	}
	if !s.quiet {
		for _, line := range said {
			fmt.Fprintln(os.Stderr, line)
		}
	}
	// systemctl reloads the manager after it changed links.
	if code, err := s.job(control.Request{Verb: "daemon-reload"}); err != nil || code != 0 {
		return code, err
	}
	if !s.now {
		return 0, nil
	}
	verb := map[string]string{"enable": "start", "disable": "stop", "mask": "stop", "unmask": "start"}[s.verb]
	return s.job(control.Request{Verb: verb, Unit: name, NoBlock: s.noBlock})
}
