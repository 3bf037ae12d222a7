package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"homelab/lab/machines/tailscale/local"
)

func isIPv6(address string) bool { return strings.Contains(address, ":") }

// status prints this device and its peers; it fails, as the real one, when the device neither runs nor starts.
func status(ctx context.Context, c *call) error {
	set := c.flags("status")
	asJSON := set.Bool("json", false, "output in JSON format")
	peers := set.Bool("peers", true, "show status of peers")
	self := set.Bool("self", true, "show status of local machine")
	if err := c.parse(set); err != nil {
		return err
	}
	status, err := c.client.Status(ctx)
	if err != nil {
		return err
	}
	if !*peers {
		status.Peer = nil
	}
	if *asJSON {
		text, err := json.MarshalIndent(status, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintln(c.out, string(text))
		return nil
	}
	switch status.BackendState {
	case local.Running, local.Starting:
	case local.Stopped:
		fmt.Fprintln(c.out, "Tailscale is stopped.")
		return errSilent
	case local.NeedsLogin:
		fmt.Fprintln(c.out, "Logged out.")
		return errSilent
	default:
		fmt.Fprintf(c.out, "unexpected state: %s\n", status.BackendState)
		return errSilent
	}
	table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	if *self {
		line(table, status, status.Self)
	}
	for _, name := range slices.Sorted(maps.Keys(status.Peer)) {
		line(table, status, status.Peer[name])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(status.Health) > 0 {
		fmt.Fprintln(c.out, "\n# Health check:")
		for _, message := range status.Health {
			fmt.Fprintf(c.out, "#     - %s\n", message)
		}
	}
	return nil
}

func line(table *tabwriter.Writer, status *local.Status, peer *local.Peer) {
	name := strings.TrimSuffix(strings.TrimSuffix(peer.DNSName, "."), "."+strings.TrimSuffix(status.MagicDNSSuffix, "."))
	if name == "" {
		name = fmt.Sprintf("(%q)", peer.HostName)
	}
	address := ""
	if len(peer.TailscaleIPs) > 0 {
		address = peer.TailscaleIPs[0]
	}
	owner := "-"
	if len(peer.Tags) > 0 {
		owner = "tagged-devices"
	}
	state := "-"
	switch {
	case peer.ExitNodeOption && peer.Online:
		state = "idle; offers exit node"
	case peer.ExitNodeOption:
		state = "idle; offers exit node; offline"
	case !peer.Online:
		state = "offline"
	}
	fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t\n", address, name, owner, peer.OS, state)
}
