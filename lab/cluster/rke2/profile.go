package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"homelab/lab/cluster/rke2/config"
)

// The kernel parameters of RKE2's hardening guide: https://docs.rke2.io/security/hardening_guide
var kernelParameters = map[string]int{
	"vm.overcommit_memory": 1,
	"vm.panic_on_oom":      0,
	"kernel.panic":         10,
	"kernel.panic_on_oops": 1,
}

// checkProfile refuses to start a node that does not meet its CIS profile.
func checkProfile(c *config.Config, log *slog.Logger) error {
	if c.Profile == "" {
		log.Warn("not running in CIS mode")
		return nil
	}
	var failures []error
	if c.Profile == "cis" {
		for name, want := range kernelParameters {
			have, err := sysctl(name)
			if err != nil {
				return err
			}
			if have != want {
				failures = append(failures,
					fmt.Errorf("invalid kernel parameter value %s=%d - expected %d", name, have, want))
			}
		}
		slices.SortFunc(failures, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	}
	if c.Role == config.Server {
		if _, err := user.Lookup("etcd"); err != nil {
			failures = append(failures, fmt.Errorf("missing required: %w", err))
		}
		if _, err := user.LookupGroup("etcd"); err != nil {
			failures = append(failures, fmt.Errorf("missing required: %w", err))
		}
	}
	return errors.Join(failures...)
}

func sysctl(name string) (int, error) {
	content, err := os.ReadFile("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(content)))
}
