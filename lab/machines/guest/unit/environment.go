package unit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Variables gives the service's environment: Environment= first, then each EnvironmentFile= over it.
// A file with the prefix `-` may be missing.
func (s *Service) Variables() (map[string]string, error) {
	variables := map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
		"LANG": "C.UTF-8",
	}
	for _, assignment := range s.Environment {
		name, value, found := strings.Cut(assignment, "=")
		if !found {
			return nil, fmt.Errorf("%s: Environment=%s is not an assignment", s.FragmentPath, assignment)
		}
		variables[name] = value
	}
	for _, pattern := range s.EnvironmentFiles {
		path, optional := strings.CutPrefix(pattern, "-")
		files, err := filepath.Glob(path)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 && !optional {
			return nil, fmt.Errorf("Failed to load environment files: %s: No such file or directory", path)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if optional && errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			readEnvironment(variables, string(text))
		}
	}
	return variables, nil
}

// readEnvironment adds the assignments of an environment file; what is none is skipped, as systemd does.
func readEnvironment(variables map[string]string, text string) {
	text = strings.ReplaceAll(text, "\\\n", "")
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		name, value, found := strings.Cut(line, "=")
		if !found || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") || !isName(strings.TrimSpace(name)) {
			continue
		}
		value = strings.TrimSpace(value)
		if words, err := Split(value); err == nil && len(value) > 1 && (value[0] == '"' || value[0] == '\'') && len(words) == 1 {
			value = words[0]
		}
		variables[strings.TrimSpace(name)] = value
	}
}

// IsBuiltinTarget says whether the unit is a target that every machine has reached once it runs.
func IsBuiltinTarget(name string) bool {
	switch name {
	case "basic.target", "sysinit.target", "network.target", "network-online.target", "network-pre.target",
		"local-fs.target", "remote-fs.target", "multi-user.target", "default.target", "time-sync.target",
		"nss-lookup.target", "sockets.target", "timers.target", "cloud-init.target", "cloud-config.target":
		return true
	}
	return false
}
