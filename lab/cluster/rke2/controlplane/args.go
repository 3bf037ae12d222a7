// Package controlplane renders the arguments of the Kubernetes components, as RKE2's static
// pods have them.
package controlplane

import (
	"fmt"
	"slices"
	"strings"
)

// Merge writes defaults as sorted --key=value, with the user's key=value over them. A key
// that the user gives several times stays several arguments.
func Merge(defaults map[string]string, extra []string) ([]string, error) {
	merged := map[string][]string{}
	for key, value := range defaults {
		merged[key] = []string{value}
	}
	given := map[string]bool{}
	for _, arg := range extra {
		key, value, found := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if key == "" {
			return nil, fmt.Errorf("argument %q: want key=value", arg)
		}
		if !found {
			value = "true"
		}
		if !given[key] {
			merged[key] = nil
		}
		given[key] = true
		merged[key] = append(merged[key], value)
	}
	var out []string
	for key, values := range merged {
		for _, value := range values {
			out = append(out, "--"+key+"="+value)
		}
	}
	slices.Sort(out)
	return out, nil
}
