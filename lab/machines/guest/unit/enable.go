package unit

import (
	"fmt"
	"os"
	"path/filepath"
)

func links(service *Service) []string {
	var paths []string
	for _, target := range service.WantedBy {
		paths = append(paths, filepath.Join(SearchPath[0], target+".wants", service.Name))
	}
	for _, target := range service.RequiredBy {
		paths = append(paths, filepath.Join(SearchPath[0], target+".requires", service.Name))
	}
	return paths
}

// Enable makes the links that the [Install] section asks for and gives systemctl's words for each new one.
func Enable(name string) ([]string, error) {
	service, err := Load(name)
	if err != nil {
		return nil, err
	}
	if len(service.WantedBy)+len(service.RequiredBy)+len(service.Also) == 0 {
		return []string{fmt.Sprintf("The unit files have no installation config (WantedBy=, RequiredBy=, UpheldBy=,\n"+
			"Also=, or Alias= settings in the [Install] section, and DefaultInstance= for\n"+
			"template units). This means they are not meant to be enabled or disabled using systemctl (%s).", name)}, nil
	}
	var said []string
	for _, path := range links(service) {
		if current, err := os.Readlink(path); err == nil && current == service.FragmentPath {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return said, err
		}
		if err := os.RemoveAll(path); err != nil {
			return said, err
		}
		if err := os.Symlink(service.FragmentPath, path); err != nil {
			return said, err
		}
		said = append(said, fmt.Sprintf("Created symlink '%s' → '%s'.", path, service.FragmentPath))
	}
	for _, other := range service.Also {
		more, err := Enable(other)
		if err != nil {
			return said, err
		}
		said = append(said, more...)
	}
	return said, nil
}

// Disable removes every link to the unit below /etc and gives systemctl's words for each.
func Disable(name string) ([]string, error) {
	var said []string
	for _, kind := range []string{".wants", ".requires"} {
		found, err := filepath.Glob(filepath.Join(SearchPath[0], "*"+kind, name))
		if err != nil {
			return said, err
		}
		for _, path := range found {
			if err := os.Remove(path); err != nil {
				return said, err
			}
			said = append(said, fmt.Sprintf("Removed '%s'.", path))
		}
	}
	if _, err := Find(name); err != nil && len(said) == 0 {
		return nil, err
	}
	return said, nil
}

// State gives what `systemctl is-enabled` prints: enabled, disabled, static, masked or not-found.
func State(name string) string {
	if IsBuiltinTarget(name) {
		return "static"
	}
	switch _, err := Find(name); err {
	case nil:
	case ErrMasked:
		return "masked"
	default:
		return "not-found"
	}
	for _, kind := range []string{".wants", ".requires"} {
		if found, _ := filepath.Glob(filepath.Join(SearchPath[0], "*"+kind, name)); len(found) > 0 {
			return "enabled"
		}
	}
	service, err := Load(name)
	if err == nil && len(service.WantedBy)+len(service.RequiredBy) == 0 {
		return "static"
	}
	return "disabled"
}

// Mask makes a unit impossible to start.
func Mask(name string) ([]string, error) {
	path := filepath.Join(SearchPath[0], name)
	if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
		return nil, fmt.Errorf("File '%s' already exists.", path)
	}
	if err := os.RemoveAll(path); err != nil {
		return nil, err
	}
	return []string{fmt.Sprintf("Created symlink '%s' → '/dev/null'.", path)}, os.Symlink("/dev/null", path)
}

// Unmask undoes Mask.
func Unmask(name string) ([]string, error) {
	path := filepath.Join(SearchPath[0], name)
	if target, err := os.Readlink(path); err != nil || target != "/dev/null" {
		return nil, nil
	}
	return []string{fmt.Sprintf("Removed '%s'.", path)}, os.Remove(path)
}
