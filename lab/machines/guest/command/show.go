package command

import (
	"fmt"
	"os"
	"sort"

	"homelab/lab/machines/guest/control"
	"homelab/lab/machines/guest/journal"
	"homelab/lab/machines/guest/unit"
)

func properties(name string) (control.Properties, error) {
	answer, err := control.Ask(control.Request{Verb: "properties", Unit: name})
	if err != nil {
		return nil, err
	}
	return answer.Units[0], nil
}

// query is is-active, is-failed and is-enabled; systemctl(1) lists the exit codes.
func (s *systemctl) query(name string) (int, error) {
	p, err := properties(name)
	if err != nil {
		return 1, err
	}
	word, code := p["ActiveState"], 0
	switch {
	case s.verb == "is-enabled":
		word = unit.State(name)
		code = map[string]int{"enabled": 0, "static": 0, "not-found": 4}[word]
		if word == "disabled" || word == "masked" {
			code = 1
		}
	case s.verb == "is-failed":
		if word != "failed" {
			code = 1
		}
	case p["LoadState"] == "not-found":
		code = 4
	case word != "active" && word != "reloading":
		code = 3
	}
	if !s.quiet {
		fmt.Println(word)
	}
	return code, nil
}

func (s *systemctl) show(name string) (int, error) {
	p, err := properties(name)
	if err != nil {
		return 1, err
	}
	names := s.properties
	if len(names) == 0 {
		for key := range p {
			names = append(names, key)
		}
		sort.Strings(names)
	}
	for _, key := range names {
		value, known := p[key]
		// A unit that is not loaded has fewer properties, and systemctl then prints nothing for the others.
		if !known && p["LoadState"] == "loaded" && len(p) > 10 {
			return complain("systemctl: property %s is not supported by the lab's machines", key), nil
		}
		if s.value {
			fmt.Println(value)
		} else if known {
			fmt.Printf("%s=%s\n", key, value)
		}
	}
	return 0, nil
}

func (s *systemctl) status(name string) (int, error) {
	p, err := properties(name)
	if err != nil {
		return 1, err
	}
	if p["LoadState"] == "not-found" {
		complain("Unit %s could not be found.", name)
		return 4, nil
	}
	dot := map[string]string{"active": "●", "failed": "×"}[p["ActiveState"]]
	if dot == "" {
		dot = "○"
	}
	fmt.Printf("%s %s - %s\n", dot, name, p["Description"])
	fmt.Printf("     Loaded: %s (%s; %s)\n", p["LoadState"], p["FragmentPath"], p["UnitFileState"])
	if p["LoadError"] != "" {
		fmt.Printf("      Error: %s\n", p["LoadError"])
	}
	since := p["ActiveEnterTimestamp"]
	if p["ActiveState"] != "active" {
		since = p["StateChangeTimestamp"]
	}
	state := fmt.Sprintf("%s (%s)", p["ActiveState"], p["SubState"])
	if p["ActiveState"] == "failed" || p["SubState"] == "auto-restart" {
		state = fmt.Sprintf("%s (%s) (Result: %s)", p["ActiveState"], p["SubState"], p["Result"])
	}
	if since != "" {
		state += " since " + since
	}
	fmt.Printf("     Active: %s\n", state)
	if pid := p["MainPID"]; pid != "" && pid != "0" {
		fmt.Printf("   Main PID: %s\n", pid)
	} else if p["ExecMainPID"] != "" && p["ExecMainPID"] != "0" {
		fmt.Printf("   Main PID: %s (code=%s, status=%s)\n", p["ExecMainPID"],
			map[string]string{"1": "exited", "2": "killed"}[p["ExecMainCode"]], p["ExecMainStatus"])
	}
	if p["StatusText"] != "" {
		fmt.Printf("     Status: %q\n", p["StatusText"])
	}
	if err := s.recent(name); err != nil {
		return 1, err
	}
	if p["ActiveState"] != "active" && p["ActiveState"] != "reloading" {
		return 3, nil
	}
	return 0, nil
}

func (s *systemctl) recent(name string) error {
	entries, err := journal.Read(journal.Directory, journal.Query{Units: []string{name}})
	if err != nil || len(entries) == 0 || s.lines == 0 {
		return err
	}
	fmt.Println()
	for _, entry := range entries[max(0, len(entries)-s.lines):] {
		fmt.Println(short(entry, hostname()))
	}
	return nil
}

func catUnit(name string) (int, error) {
	loaded, err := unit.Load(name)
	if err != nil {
		return complain("No files found for %s: %v", name, err), nil
	}
	for i, path := range append([]string{loaded.FragmentPath}, loaded.DropIns...) {
		text, err := os.ReadFile(path)
		if err != nil {
			return 1, err
		}
		if i > 0 {
			fmt.Println()
		}
		fmt.Printf("# %s\n%s", path, text)
	}
	return 0, nil
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}
