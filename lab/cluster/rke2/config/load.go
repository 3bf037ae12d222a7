package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"homelab/lab/cluster/rke2/layout"

	"sigs.k8s.io/yaml"
)

type values map[string][]string

// load reads config.yaml, then config.yaml.d/*.yaml in the order of their names, then the
// environment, then args, each over the one before. A key in a later file replaces an
// earlier one's; `key+` appends. Lists of files and of the command line add up.
// https://docs.rke2.io/install/configuration
func load(role Role, args []string) (values, []string, error) {
	given, forms, rest, err := parseArgs(role, args)
	if err != nil {
		return nil, nil, err
	}
	path := layout.DefaultConfig
	if env := os.Getenv("RKE2_CONFIG_FILE"); env != "" {
		path = env
	}
	if set := given["config"]; len(set) > 0 {
		path = set[len(set)-1]
	}
	result, err := readFiles(path, path != layout.DefaultConfig)
	if err != nil {
		return nil, nil, err
	}
	if err := check(role, result); err != nil {
		return nil, nil, err
	}
	for _, f := range supported {
		if v := os.Getenv(f.env); f.env != "" && v != "" && f.roles&role != 0 {
			result[f.name] = []string{v}
		}
	}
	for name, v := range given {
		// The files become arguments as well, in the form that they have there (urfave/cli, normalizeFlags).
		if form := forms[name]; form != name && len(result[name]) > 0 {
			return nil, nil, fmt.Errorf("Cannot use two forms of the same flag: %s %s", name, form)
		}
		if f, _ := find(name, role); f.kind == list {
			v = append(slices.Clone(result[name]), v...)
		}
		result[name] = v
	}
	return result, rest, nil
}

func readFiles(path string, must bool) (values, error) {
	result := values{}
	files := []string{path}
	entries, err := os.ReadDir(path + ".d")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); !e.IsDir() && (ext == ".yaml" || ext == ".yml") {
			files = append(files, filepath.Join(path+".d", e.Name()))
		}
	}
	for i, file := range files {
		content, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) && i == 0 && !(must && len(files) == 1) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var document map[string]any
		if err := yaml.Unmarshal(content, &document); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for key, value := range document {
			items, err := scalars(value)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", file, key, err)
			}
			name, adds := strings.CutSuffix(key, "+")
			if adds {
				items = append(slices.Clone(result[name]), items...)
			}
			result[name] = items
		}
	}
	return result, nil
}

func scalars(value any) ([]string, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case []any:
		var out []string
		for _, item := range v {
			one, err := scalars(item)
			if err != nil {
				return nil, err
			}
			out = append(out, one...)
		}
		return out, nil
	case string:
		return []string{v}, nil
	case bool:
		return []string{strconv.FormatBool(v)}, nil
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}, nil
	}
	return nil, fmt.Errorf("a value must be a string, a number, a boolean or a list of these, not %T", value)
}

// check refuses unknown and unsupported keys. (RKE2 itself only warns of an unknown key and
// goes on; refusing it here finds a misspelled key before it goes to real machines.)
func check(role Role, v values) error {
	names := make([]string, 0, len(v))
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if role == Snapshot && ofServer(name) {
			continue
		}
		if err := known(role, name, v[name]); err != nil {
			return err
		}
	}
	return nil
}

func known(role Role, name string, value []string) error {
	if f, ok := find(name, role); ok {
		return kinds(f, value)
	}
	if !isRefused(name, role) {
		return fmt.Errorf("flag provided but not defined: -%s", name)
	}
	if len(value) == 0 || len(value) == 1 && value[0] == "false" {
		return nil
	}
	return fmt.Errorf("%s: this flag of RKE2 is not supported by the simulated rke2; remove it", name)
}

func kinds(f flag, value []string) error {
	for _, v := range value {
		var err error
		switch f.kind {
		case boolean:
			_, err = strconv.ParseBool(v)
		case number:
			_, err = strconv.Atoi(v)
		}
		if err != nil {
			return fmt.Errorf("invalid value %q for flag -%s: parse error", v, f.name)
		}
	}
	return nil
}

// parseArgs gives the flags by their names, the form in which each was given last, and what is no flag.
func parseArgs(role Role, args []string) (values, map[string]string, []string, error) {
	result, forms := values{}, map[string]string{}
	var rest []string
	for i := 0; i < len(args); i++ {
		if !strings.HasPrefix(args[i], "-") || args[i] == "-" {
			rest = append(rest, args[i])
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		f, ok := find(name, role)
		if !ok {
			if err := known(role, name, []string{value}); err != nil {
				return nil, nil, nil, err
			}
			continue
		}
		if !hasValue {
			if f.kind == boolean {
				value = "true"
			} else if i++; i < len(args) {
				value = args[i]
			} else {
				return nil, nil, nil, fmt.Errorf("flag needs an argument: -%s", name)
			}
		}
		if err := kinds(f, []string{value}); err != nil {
			return nil, nil, nil, err
		}
		result[f.name] = append(result[f.name], value)
		forms[f.name] = name
	}
	return result, forms, rest, nil
}
