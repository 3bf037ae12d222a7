package langhost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// manifest is what matters here of a package.json.
type manifest struct {
	Name            string            `json:"name"`
	Version         string            `json:"version"`
	Dependencies    map[string]string `json:"dependencies"`
	DevDependencies map[string]string `json:"devDependencies"`
	Pulumi          struct {
		Resource         bool            `json:"resource"`
		Name             string          `json:"name"`
		Version          string          `json:"version"`
		Server           string          `json:"server"`
		Parameterization json.RawMessage `json:"parameterization"`
	} `json:"pulumi"`
}

// GetRequiredPackages lists the provider plugins that the program's installed packages ask for, over
// all direct and indirect dependencies.
func (s *server) GetRequiredPackages(
	_ context.Context, req *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	installed, err := installedPackages(req.GetInfo().GetProgramDirectory(), true)
	if err != nil {
		return nil, err
	}
	var packages []*pulumirpc.PackageDependency
	for _, m := range installed {
		if !m.Pulumi.Resource {
			continue
		}
		dependency, err := pluginOf(m)
		if err != nil {
			return nil, err
		}
		packages = append(packages, dependency)
	}
	return &pulumirpc.GetRequiredPackagesResponse{Packages: packages}, nil
}

// GetProgramDependencies lists the installed npm packages of the program.
func (s *server) GetProgramDependencies(
	_ context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	installed, err := installedPackages(
		req.GetInfo().GetProgramDirectory(), req.GetTransitiveDependencies())
	if err != nil {
		return nil, err
	}
	answer := &pulumirpc.GetProgramDependenciesResponse{}
	for _, m := range installed {
		answer.Dependencies = append(answer.Dependencies,
			&pulumirpc.DependencyInfo{Name: m.Name, Version: m.Version})
	}
	return answer, nil
}

// pluginOf names the plugin of a package: its `pulumi` field first, then the package's own name.
func pluginOf(m manifest) (*pulumirpc.PackageDependency, error) {
	if len(m.Pulumi.Parameterization) > 0 {
		return nil, fmt.Errorf("package %s needs a parameterized provider: not supported", m.Name)
	}
	name, scoped := strings.CutPrefix(m.Name, "@pulumi/")
	if m.Pulumi.Name != "" {
		name = m.Pulumi.Name
	} else if !scoped {
		return nil, fmt.Errorf(`package %s: its package.json has a "pulumi" section without a name`, m.Name)
	}
	version := m.Pulumi.Version
	if version == "" {
		version = m.Version
	}
	return &pulumirpc.PackageDependency{
		Name: name, Kind: "resource", Server: m.Pulumi.Server,
		Version: "v" + strings.TrimPrefix(version, "v"),
	}, nil
}

// installedPackages reads the manifests that the program's package.json leads to. Packages that are
// named but not installed (optional, of another platform) are left out.
func installedPackages(programDir string, transitive bool) ([]manifest, error) {
	root, err := packageRoot(programDir)
	if err != nil || root == "" {
		return nil, err
	}
	var found []manifest
	seen := map[string]bool{}
	queue := []string{root}
	for len(queue) > 0 {
		dir := queue[0]
		queue = queue[1:]
		m, err := readManifest(dir)
		if err != nil {
			return nil, err
		}
		if dir != root {
			found = append(found, m)
			if !transitive {
				continue
			}
		}
		for _, name := range dependencyNames(m, dir == root) {
			path, ok := resolvePackage(dir, name)
			if ok && !seen[path] {
				seen[path] = true
				queue = append(queue, path)
			}
		}
	}
	return found, nil
}

func dependencyNames(m manifest, development bool) []string {
	var names []string
	for name := range m.Dependencies {
		names = append(names, name)
	}
	if development {
		for name := range m.DevDependencies {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// packageRoot is the nearest folder upwards that holds a package.json; empty when there is none.
func packageRoot(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("program folder %s: %w", dir, err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "package.json")); err == nil {
			return dir, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("program folder %s: %w", dir, err)
		}
		if dir == filepath.Dir(dir) {
			return "", nil
		}
	}
}

// resolvePackage finds an installed package as Node does: node_modules of the folder and its parents.
func resolvePackage(from, name string) (string, bool) {
	dir, err := filepath.Abs(from)
	if err != nil {
		return "", false
	}
	for {
		path := filepath.Join(dir, "node_modules", name)
		if _, err := os.Stat(filepath.Join(path, "package.json")); err == nil {
			if real, err := filepath.EvalSymlinks(path); err == nil {
				return real, true
			}
		}
		if dir == filepath.Dir(dir) {
			return "", false
		}
		dir = filepath.Dir(dir)
	}
}

func readManifest(dir string) (manifest, error) {
	var m manifest
	path := filepath.Join(dir, "package.json")
	content, err := os.ReadFile(path)
	if err != nil {
		return m, fmt.Errorf("installed package: %w", err)
	}
	if err := json.Unmarshal(content, &m); err != nil {
		return m, fmt.Errorf("%s: not valid JSON: %w", path, err)
	}
	return m, nil
}
