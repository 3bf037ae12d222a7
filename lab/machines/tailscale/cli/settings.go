package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"homelab/lab/machines/tailscale/control"
	"homelab/lab/machines/tailscale/local"
)

// setPrefs changes the named settings and no others.
func setPrefs(ctx context.Context, c *call) error {
	var f upFlags
	set := c.flags("set")
	f.settings(set)
	if err := c.parse(set); err != nil {
		return err
	}
	if set.NFlag() == 0 {
		set.Usage()
		return errUsage
	}
	routes, err := readRoutes(f.routes)
	if err != nil {
		return err
	}
	if routes == nil {
		routes = []string{}
	}
	var edit local.Edit
	f.acceptDNS = given(set, "accept-dns") && f.acceptDNS
	if err := f.refuse(); err != nil {
		return err
	}
	set.Visit(func(named *flag.Flag) {
		switch named.Name {
		case "hostname":
			edit.Hostname = &f.hostname
		case "advertise-routes":
			edit.AdvertiseRoutes = &routes
		case "advertise-exit-node":
			edit.AdvertiseExitNode = &f.exitNode
		case "ssh":
			edit.RunSSH = &f.ssh
		}
	})
	return c.client.Edit(ctx, edit)
}

func given(set *flag.FlagSet, name string) bool {
	found := false
	set.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

func down(ctx context.Context, c *call) error {
	if err := c.parse(c.flags("down")); err != nil {
		return err
	}
	status, err := c.client.Status(ctx)
	if err != nil {
		return err
	}
	if status.BackendState == local.Stopped {
		fmt.Fprintln(c.errors, "Tailscale was already stopped.")
		return nil
	}
	stopped := false
	return c.client.Edit(ctx, local.Edit{WantRunning: &stopped})
}

func logout(ctx context.Context, c *call) error {
	if err := c.parse(c.flags("logout")); err != nil {
		return err
	}
	return c.client.Logout(ctx)
}

func version(ctx context.Context, c *call) error {
	set := c.flags("version")
	daemon := set.Bool("daemon", false, "also print local node's daemon version")
	if err := c.parse(set); err != nil {
		return err
	}
	if !*daemon {
		fmt.Fprintln(c.out, control.Version)
		return nil
	}
	status, err := c.client.Status(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "Client: %s\nDaemon: %s\n", control.Version, status.Version)
	return nil
}

func ip(ctx context.Context, c *call) error {
	set := c.flags("ip")
	first := set.Bool("1", false, "only print one IP address")
	only4 := set.Bool("4", false, "only print IPv4 address")
	only6 := set.Bool("6", false, "only print IPv6 address")
	if err := c.parse(set); err != nil {
		return err
	}
	if set.NFlag() > 1 {
		return errors.New("tailscale ip -1, -4, and -6 are mutually exclusive")
	}
	status, err := c.client.Status(ctx)
	if err != nil {
		return err
	}
	if len(status.TailscaleIPs) == 0 {
		return fmt.Errorf("no current Tailscale IPs; state: %v", status.BackendState)
	}
	found := false
	for _, address := range status.TailscaleIPs {
		is6 := isIPv6(address)
		if *only4 && is6 || *only6 && !is6 || *first && found {
			continue
		}
		found = true
		fmt.Fprintln(c.out, address)
	}
	switch {
	case found:
		return nil
	case *only4:
		return errors.New("no Tailscale IPv4 address")
	}
	return errors.New("no Tailscale IPv6 address")
}
