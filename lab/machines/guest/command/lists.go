package command

import (
	"fmt"
	"slices"

	"homelab/lab/machines/guest/control"
	"homelab/lab/machines/guest/unit"
)

func (s *systemctl) loaded() ([]control.Properties, error) {
	answer, err := control.Ask(control.Request{Verb: "list"})
	return answer.Units, err
}

func (s *systemctl) listUnits() (int, error) {
	all, err := s.loaded()
	if err != nil {
		return 1, err
	}
	if !s.noLegend {
		fmt.Printf("  %-40s %-6s %-12s %-13s %s\n", "UNIT", "LOAD", "ACTIVE", "SUB", "DESCRIPTION")
	}
	shown := 0
	for _, p := range all {
		wanted := s.all || p["ActiveState"] != "inactive"
		if s.state != "" {
			wanted = s.state == p["ActiveState"] || s.state == p["SubState"]
		}
		if !wanted || len(s.units) > 0 && !slices.Contains(s.units, p["Id"]) {
			continue
		}
		mark := " "
		if p["ActiveState"] == "failed" {
			mark = "●"
		}
		fmt.Printf("%s %-40s %-6s %-12s %-13s %s\n", mark, p["Id"], p["LoadState"], p["ActiveState"], p["SubState"], p["Description"])
		shown++
	}
	if !s.noLegend {
		fmt.Printf("\n%d loaded units listed.\n", shown)
	}
	return 0, nil
}

func (s *systemctl) listUnitFiles() (int, error) {
	if !s.noLegend {
		fmt.Printf("%-40s %s\n", "UNIT FILE", "STATE")
	}
	found := 0
	for _, name := range unit.Installed() {
		if len(s.units) > 0 && !slices.Contains(s.units, name) {
			continue
		}
		fmt.Printf("%-40s %s\n", name, unit.State(name))
		found++
	}
	if !s.noLegend {
		fmt.Printf("\n%d unit files listed.\n", found)
	}
	if found == 0 && len(s.units) > 0 {
		return 1, nil
	}
	return 0, nil
}

// systemState is `running` once cloud-init has ended, or `degraded` when a unit has failed.
func (s *systemctl) systemState() (int, error) {
	answer, err := control.Ask(control.Request{Verb: "cloud-init", NoBlock: true})
	if err != nil {
		return 1, err
	}
	if answer.Result == "running" {
		fmt.Println("starting")
		return 1, nil
	}
	all, err := s.loaded()
	if err != nil {
		return 1, err
	}
	for _, p := range all {
		if p["ActiveState"] == "failed" {
			fmt.Println("degraded")
			return 1, nil
		}
	}
	fmt.Println("running")
	return 0, nil
}
