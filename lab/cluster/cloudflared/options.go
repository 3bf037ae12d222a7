package cloudflared

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"strconv"
	"strings"

	"homelab/lab/cluster/kubelet/program"
)

// defaultMetrics is the first port that cloudflared takes in a container.
const defaultMetrics = 20241

// options are what the command line and the environment ask for. The environment's variables are
// those of the flags (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/configure-tunnels/cloudflared-parameters/run-parameters/).
type options struct {
	token       string
	tokenFile   string
	metricsPort uint16
}

// flags by name with the variable that sets each; an empty value means that the flag takes none.
var flags = map[string]struct {
	variable string
	takes    bool
	set      func(*options, string) error
}{
	"no-autoupdate": {"NO_AUTOUPDATE", false, func(*options, string) error { return nil }},
	"token":         {"TUNNEL_TOKEN", true, func(o *options, v string) error { o.token = v; return nil }},
	"token-file":    {"TUNNEL_TOKEN_FILE", true, func(o *options, v string) error { o.tokenFile = v; return nil }},
	"metrics":       {"TUNNEL_METRICS", true, (*options).setMetrics},
	"protocol":      {"TUNNEL_TRANSPORT_PROTOCOL", true, protocol},
	"loglevel":      {"TUNNEL_LOGLEVEL", true, logLevel},
}

// parseOptions reads `tunnel [flags] run [flags]`. What the stand-in does not support is refused.
func parseOptions(spec []string, env map[string]string) (options, error) {
	parsed := options{metricsPort: defaultMetrics}
	for name, flag := range flags {
		if value := env[flag.variable]; value != "" {
			if err := flag.set(&parsed, value); err != nil {
				return parsed, fmt.Errorf("%s: --%s: %w", flag.variable, name, err)
			}
		}
	}
	for variable := range env {
		if strings.HasPrefix(variable, "TUNNEL_") && !knownVariable(variable) {
			return parsed, fmt.Errorf("environment %s: the lab's cloudflared does not support it", variable)
		}
	}
	var words []string
	for rest := spec; len(rest) > 0; {
		word := rest[0]
		rest = rest[1:]
		name, value, joined := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if !strings.HasPrefix(word, "-") {
			words = append(words, word)
			continue
		}
		flag, ok := flags[name]
		switch {
		case !ok:
			return parsed, fmt.Errorf("flag --%s: not defined, or not supported by the lab's cloudflared", name)
		case flag.takes && !joined && len(rest) == 0:
			return parsed, fmt.Errorf("flag needs an argument: --%s", name)
		case flag.takes && !joined:
			value, rest = rest[0], rest[1:]
		}
		if err := flag.set(&parsed, value); err != nil {
			return parsed, fmt.Errorf("--%s: %w", name, err)
		}
	}
	if strings.Join(words, " ") != "tunnel run" {
		return parsed, fmt.Errorf("cloudflared %s: the lab's cloudflared only has `tunnel run` with a token", strings.Join(words, " "))
	}
	return parsed, nil
}

func knownVariable(variable string) bool {
	for _, flag := range flags {
		if flag.variable == variable {
			return true
		}
	}
	return false
}

// setMetrics takes an address such as `0.0.0.0:2000`. All pods of a machine share its loopback
// device, so that only the pod's own address can be listened at.
func (o *options) setMetrics(value string) error {
	host, port, ok := strings.Cut(value, ":")
	number, err := strconv.ParseUint(port, 10, 16)
	if !ok || err != nil {
		return fmt.Errorf("%q is not an address with a port such as 0.0.0.0:2000", value)
	}
	if address, err := netip.ParseAddr(host); host != "" && (err != nil || !address.IsUnspecified()) {
		return fmt.Errorf("%q: probes cannot reach it there; use 0.0.0.0:%s", value, port)
	}
	o.metricsPort = uint16(number)
	return nil
}

func protocol(_ *options, value string) error {
	switch value {
	case "auto", "http2":
		return nil
	case "quic":
		return errors.New("the lab's edge has no UDP; use auto, which falls back, or http2")
	}
	return fmt.Errorf("unknown protocol %q; use auto or http2", value)
}

func logLevel(_ *options, value string) error {
	switch value {
	case "debug", "info", "warn", "error", "fatal":
		return nil
	}
	return fmt.Errorf("unknown level %q; use debug, info, warn, error or fatal", value)
}

// readToken takes the token from the options or from the file, which a mounted Secret holds.
func (o options) readToken(ctx context.Context, c program.Container) (token, error) {
	if o.token != "" {
		return parseToken(o.token)
	}
	if o.tokenFile == "" {
		return token{}, errors.New(`"cloudflared tunnel run" requires the ID or name of the tunnel to run as the last command line argument ` +
			"or in the configuration file: set TUNNEL_TOKEN from a Secret")
	}
	for _, mount := range c.Spec.VolumeMounts {
		if path.Dir(o.tokenFile) != path.Clean(mount.MountPath) {
			continue
		}
		files, err := c.SecretVolume(ctx, mount.Name)
		if err != nil {
			return token{}, err
		}
		if text, ok := files[path.Base(o.tokenFile)]; ok {
			return parseToken(text)
		}
	}
	return token{}, fmt.Errorf("Failed to read token file: open %s: no such file or directory", o.tokenFile)
}
