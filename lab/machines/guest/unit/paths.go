package unit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// SearchPath is where unit files lie, most important first. Links of enabled units are made in the first.
var SearchPath = []string{
	"/etc/systemd/system",
	"/run/systemd/system",
	"/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",
}

// ErrNotFound says that no unit file has the name.
var ErrNotFound = errors.New("unit not found")

// ErrMasked says that the unit is a link to /dev/null.
var ErrMasked = errors.New("unit is masked")

// FullName adds the suffix that systemd commands let people leave out.
func FullName(name string) string {
	switch filepath.Ext(name) {
	case ".service", ".target", ".timer", ".socket", ".mount", ".path", ".slice", ".scope", ".device", ".swap":
		return name
	}
	return name + ".service"
}

// template gives `name@.service` for `name@instance.service`, and the instance.
func template(name string) (file, instance string) {
	prefix, rest, found := strings.Cut(name, "@")
	if !found {
		return name, ""
	}
	suffix := filepath.Ext(rest)
	return prefix + "@" + suffix, strings.TrimSuffix(rest, suffix)
}

// Find gives the path of the unit's file.
func Find(name string) (string, error) {
	file, _ := template(name)
	for _, directory := range SearchPath {
		path := filepath.Join(directory, file)
		if target, err := os.Readlink(path); err == nil && target == "/dev/null" {
			return "", ErrMasked
		}
		switch info, err := os.Stat(path); {
		case err == nil && info.Mode().IsRegular():
			return path, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
	}
	return "", ErrNotFound
}

// Canonical gives the name of the unit for which the name is an alias: a link to another unit file.
func Canonical(name string) string {
	path, err := Find(name)
	if err != nil {
		return name
	}
	target, err := os.Readlink(path)
	if base := filepath.Base(target); err == nil && filepath.Ext(base) == filepath.Ext(name) && !strings.Contains(name, "@") {
		return base
	}
	return name
}

// dropIns gives the `NAME.d/*.conf` files of the unit in the order in which they apply.
func dropIns(name string) []string {
	byName := map[string]string{}
	for i := len(SearchPath) - 1; i >= 0; i-- {
		found, _ := filepath.Glob(filepath.Join(SearchPath[i], name+".d", "*.conf"))
		for _, path := range found {
			byName[filepath.Base(path)] = path
		}
	}
	names := make([]string, 0, len(byName))
	for base := range byName {
		names = append(names, base)
	}
	sort.Strings(names)
	paths := make([]string, len(names))
	for i, base := range names {
		paths[i] = byName[base]
	}
	return paths
}

// Enabled gives the services that the target wants or requires by links, sorted.
func Enabled(target string) []string {
	seen := map[string]bool{}
	var names []string
	for _, directory := range SearchPath {
		for _, kind := range []string{".wants", ".requires"} {
			links, _ := filepath.Glob(filepath.Join(directory, target+kind, "*.service"))
			for _, link := range links {
				if name := filepath.Base(link); !seen[name] {
					seen[name] = true
					names = append(names, name)
				}
			}
		}
	}
	sort.Strings(names)
	return names
}

// Installed gives the names of all service files, sorted.
func Installed() []string {
	seen := map[string]bool{}
	for _, directory := range SearchPath {
		files, _ := filepath.Glob(filepath.Join(directory, "*.service"))
		for _, file := range files {
			seen[filepath.Base(file)] = true
		}
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
