// Package unit reads systemd unit files: the subset of keys that services of a simulated machine need.
// See systemd.syntax(7), systemd.unit(5) and systemd.service(5).
package unit

import (
	"fmt"
	"os"
	"strings"
)

// Assignment is one `Key=Value` of a unit file.
type Assignment struct {
	Section, Key, Value string
	// File and Line say where it stands.
	File string
	Line int
}

// Parse reads the assignments of one file. Lines that are neither a section, an assignment nor a comment are errors.
func Parse(file string, text []byte) ([]Assignment, error) {
	var all []Assignment
	section, pending, start := "", "", 0
	for number, line := range strings.Split(string(text), "\n") {
		if pending == "" {
			start = number + 1
		}
		trimmed := strings.TrimSpace(line)
		if comment := strings.HasPrefix(trimmed, "#") || strings.HasPrefix(trimmed, ";"); comment {
			continue
		}
		if strings.HasSuffix(trimmed, "\\") {
			pending += strings.TrimSuffix(trimmed, "\\") + " "
			continue
		}
		full := strings.TrimSpace(pending + trimmed)
		pending = ""
		switch key, value, found := strings.Cut(full, "="); {
		case full == "":
		case strings.HasPrefix(full, "[") && strings.HasSuffix(full, "]"):
			section = full[1 : len(full)-1]
		case !found:
			return nil, fmt.Errorf("%s:%d: neither a section nor an assignment: %q", file, start, full)
		case section == "":
			return nil, fmt.Errorf("%s:%d: assignment outside of a section", file, start)
		default:
			all = append(all, Assignment{section, strings.TrimSpace(key), strings.TrimSpace(value), file, start})
		}
	}
	return all, nil
}

func parseFiles(files []string) ([]Assignment, error) {
	var all []Assignment
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		assignments, err := Parse(file, text)
		if err != nil {
			return nil, err
		}
		all = append(all, assignments...)
	}
	return all, nil
}
