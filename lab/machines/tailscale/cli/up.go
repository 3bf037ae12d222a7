package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"homelab/lab/machines/tailscale/local"
)

// upFlags are the flags of up; set has the part of them that are settings.
type upFlags struct {
	authKey, hostname, tags, routes, netfilter           string
	acceptDNS, acceptRoutes, exitNode, ssh, reset, force bool
	timeout                                              time.Duration
}

func (f *upFlags) settings(set *flag.FlagSet) {
	set.StringVar(&f.hostname, "hostname", "", "hostname to use instead of the one provided by the OS")
	set.StringVar(&f.routes, "advertise-routes", "", "routes to advertise to other nodes (comma-separated)")
	set.BoolVar(&f.exitNode, "advertise-exit-node", false, "offer to be an exit node for internet traffic for the tailnet")
	set.BoolVar(&f.ssh, "ssh", false, "run an SSH server; kept as a setting, the lab has none")
	set.StringVar(&f.netfilter, "netfilter-mode", "on", "netfilter mode (one of on, nodivert, off); the lab has no packets to filter")
	set.BoolVar(&f.acceptDNS, "accept-dns", true, "accept DNS configuration from the admin panel; the lab only has false")
	set.BoolVar(&f.acceptRoutes, "accept-routes", false, "accept routes advertised by other nodes; the lab only has false")
}

// refuse names the settings that would change the machine's DNS or routes.
func (f *upFlags) refuse() error {
	switch f.netfilter {
	case "on", "nodivert", "off":
	default:
		return fmt.Errorf("invalid value --netfilter-mode=%q", f.netfilter)
	}
	if f.acceptDNS {
		return errors.New("--accept-dns: the lab does not change a machine's DNS; give --accept-dns=false")
	}
	if f.acceptRoutes {
		return errors.New("--accept-routes: the lab has no way for packets to another device; give --accept-routes=false")
	}
	return nil
}

func up(ctx context.Context, c *call) error {
	var f upFlags
	set := c.flags("up")
	f.settings(set)
	set.StringVar(&f.authKey, "auth-key", "", `node authorization key; if it begins with "file:", then it's a path to a file containing the authkey`)
	set.StringVar(&f.tags, "advertise-tags", "", `comma-separated ACL tags to request (e.g. "tag:eng,tag:montreal,tag:ssh")`)
	set.BoolVar(&f.reset, "reset", false, "reset unspecified settings to their default values")
	set.DurationVar(&f.timeout, "timeout", 0, "maximum amount of time to wait for tailscaled to enter a Running state; default (0s) blocks forever")
	if err := c.parse(set); err != nil {
		return err
	}
	options := local.StartOptions{}
	if set.NFlag() > 0 {
		prefs, err := f.prefs()
		if err != nil {
			return err
		}
		if err := c.checkForgotten(ctx, set, f.reset, prefs); err != nil {
			return err
		}
		if err := f.refuse(); err != nil {
			return err
		}
		if options.AuthKey, err = readKey(f.authKey); err != nil {
			return err
		}
		options.Prefs = &prefs
	}
	if f.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.timeout)
		defer cancel()
	}
	err := c.client.Start(ctx, options)
	var backend *local.BackendError
	switch {
	case errors.As(err, &backend):
		return fmt.Errorf("backend error: %s", backend.Message)
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New(`timeout waiting for Tailscale service to enter a Running state; check health with "tailscale status"`)
	}
	return err
}

func (f *upFlags) prefs() (local.Prefs, error) {
	tags, err := readTags(f.tags)
	if err != nil {
		return local.Prefs{}, err
	}
	routes, err := readRoutes(f.routes)
	return local.Prefs{
		Hostname: f.hostname, AdvertiseTags: tags, AdvertiseRoutes: routes, AdvertiseExitNode: f.exitNode, RunSSH: f.ssh,
	}, err
}

// readKey takes the key as given or from the file that it names.
func readKey(given string) (string, error) {
	path, isFile := strings.CutPrefix(given, "file:")
	if !isFile {
		return given, nil
	}
	text, err := os.ReadFile(path)
	return strings.TrimSpace(string(text)), err
}

// checkForgotten refuses a run of up that would reset a setting by not naming it, as the real one does.
func (c *call) checkForgotten(ctx context.Context, set *flag.FlagSet, reset bool, wanted local.Prefs) error {
	status, err := c.client.Status(ctx)
	if err != nil {
		return err
	}
	current, err := c.client.Prefs(ctx)
	if err != nil || reset || !status.HaveNodeKey {
		return err
	}
	given := map[string]bool{}
	var command []string
	set.Visit(func(f *flag.Flag) {
		given[f.Name] = true
		// A key in an error would end up in logs.
		value := f.Value.String()
		if f.Name == "auth-key" && !strings.HasPrefix(value, "file:") {
			value = "..."
		}
		command = append(command, "--"+f.Name+"="+value)
	})
	var missing []string
	for name, values := range shown(*current) {
		if !given[name] && values != shown(wanted)[name] {
			missing = append(missing, "--"+name+"="+values)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("Error: changing settings via 'tailscale up' requires mentioning all\n"+
		"non-default flags. To proceed, either re-run your command with --reset or\n"+
		"use the command below to explicitly mention the current value of\n"+
		"all non-default flags:\n\n\ttailscale up %s\n", strings.Join(append(command, sorted(missing)...), " "))
}

// shown gives settings as values of the flags.
func shown(prefs local.Prefs) map[string]string {
	return map[string]string{
		"hostname": prefs.Hostname, "advertise-tags": strings.Join(prefs.AdvertiseTags, ","),
		"advertise-routes":    strings.Join(prefs.AdvertiseRoutes, ","),
		"advertise-exit-node": fmt.Sprint(prefs.AdvertiseExitNode), "ssh": fmt.Sprint(prefs.RunSSH),
	}
}
