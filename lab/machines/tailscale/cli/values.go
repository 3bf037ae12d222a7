package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"homelab/lab/machines/tailscale/control"
)

// tagForm is a tag's name after `tag:` (https://tailscale.com/kb/1068/tags).
var tagForm = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*$`)

// readTags reads a comma-separated list; the prefix `tag:` may be left out.
func readTags(text string) ([]string, error) {
	var tags []string
	for _, tag := range list(text) {
		name := strings.TrimPrefix(tag, "tag:")
		if !tagForm.MatchString(name) {
			return nil, fmt.Errorf("tag: %q: tag names must start with a letter and can only contain letters, numbers, or dashes", tag)
		}
		tags = append(tags, "tag:"+name)
	}
	return tags, nil
}

// readRoutes reads a comma-separated list; the routes of an exit node have a flag of their own.
func readRoutes(text string) ([]string, error) {
	routes := list(text)
	if err := control.CheckRoutes(routes); err != nil {
		return nil, err
	}
	if _, exit := control.SplitExit(routes); exit {
		return nil, fmt.Errorf("%s in --advertise-routes is not known to the lab; did you mean --advertise-exit-node?",
			strings.Join(control.ExitRoutes, " or "))
	}
	return routes, nil
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func sorted(values []string) []string {
	slices.Sort(values)
	return values
}
