package control

import (
	"fmt"
	"net/netip"
	"slices"
)

// ExitRoutes are what an exit node advertises.
var ExitRoutes = []string{"0.0.0.0/0", "::/0"}

// CheckRoutes returns Tailscale's complaint about the first route that is none.
func CheckRoutes(routes []string) error {
	for _, route := range routes {
		prefix, err := netip.ParsePrefix(route)
		if err != nil {
			return fmt.Errorf("%q is not a valid IP address or CIDR prefix", route)
		}
		if masked := prefix.Masked(); masked != prefix {
			return fmt.Errorf("%s has non-address bits set; expected %s", prefix, masked)
		}
	}
	return nil
}

// SplitExit parts the exit node's routes from the others.
func SplitExit(routes []string) (others []string, exitNode bool) {
	others = []string{}
	for _, route := range routes {
		if slices.Contains(ExitRoutes, route) {
			exitNode = true
		} else {
			others = append(others, route)
		}
	}
	return others, exitNode
}
