// Package cli is the lab's command tailscale: the commands and flags that setting up a machine needs, with the words
// and exit statuses of the real one. Every other command and flag is refused.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"homelab/lab/machines/tailscale/local"
)

// call is one run of a command.
type call struct {
	args        []string
	client      *local.Client
	out, errors io.Writer
}

// errUsage was explained by the flag package already; the real command exits with 2 then.
var errUsage = errors.New("usage")

// errSilent was explained on the standard output already.
var errSilent = errors.New("silent")

var commands = map[string]func(context.Context, *call) error{
	"up": up, "set": setPrefs, "status": status, "ip": ip, "down": down, "logout": logout, "version": version,
}

// notPlayed are commands that the real tailscale has besides.
var notPlayed = []string{
	"get", "login", "switch", "configure", "netcheck", "dns", "metrics", "ping", "nc", "ssh", "funnel", "serve", "web",
	"file", "bugreport", "cert", "lock", "licenses", "exit-node", "update", "whois", "debug", "drive", "wait", "service",
}

// Main runs the command; it returns the exit status.
func Main(args []string, out, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, args, out, errs)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case !errors.Is(err, errSilent):
		fmt.Fprintln(errs, err)
	}
	return 1
}

func run(ctx context.Context, args []string, out, errs io.Writer) error {
	flags := flag.NewFlagSet("tailscale", flag.ContinueOnError)
	flags.SetOutput(errs)
	socket := flags.String("socket", local.Socket, "path to tailscaled socket")
	if len(args) == 1 && (args[0] == "-V" || args[0] == "--version") {
		args = []string{"version"}
	}
	if err := parse(flags, args); err != nil {
		return err
	}
	name := flags.Arg(0)
	command, ok := commands[name]
	if ok {
		return command(ctx, &call{args: flags.Args()[1:], client: local.NewClient(*socket), out: out, errors: errs})
	}
	if name == "" {
		fmt.Fprintln(errs, "tailscale: missing subcommand: up, down, set, logout, ip, status, version")
		return errUsage
	}
	for _, known := range notPlayed {
		if name == known {
			return fmt.Errorf("tailscale: the lab does not have the subcommand %s", name)
		}
	}
	return fmt.Errorf("tailscale: unknown subcommand: %s", name)
}

// parse reads flags, each at most once.
func parse(flags *flag.FlagSet, args []string) error {
	for i, arg := range args {
		if arg == "--" || !strings.HasPrefix(arg, "-") {
			break
		}
		if name, value, joined := strings.Cut(strings.TrimLeft(arg, "-"), "="); name == "authkey" {
			args = append([]string{}, args...)
			args[i] = "--auth-key"
			if joined {
				args[i] += "=" + value
			}
		}
	}
	flags.VisitAll(func(f *flag.Flag) { f.Value = &once{Value: f.Value} })
	err := flags.Parse(args)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		return errUsage
	}
	return err
}

// once is a flag that may be given at most once.
type once struct {
	flag.Value
	given bool
}

func (o *once) Set(text string) error {
	if o.given {
		return errors.New("flag provided multiple times")
	}
	o.given = true
	return o.Value.Set(text)
}

func (o *once) IsBoolFlag() bool {
	boolean, ok := o.Value.(interface{ IsBoolFlag() bool })
	return ok && boolean.IsBoolFlag()
}

// flags makes a command's flag set; its errors go where the command's do.
func (c *call) flags(name string) *flag.FlagSet {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.SetOutput(c.errors)
	return set
}

// parse reads the command's flags; what is left over is refused.
func (c *call) parse(set *flag.FlagSet) error {
	if err := parse(set, c.args); err != nil {
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("too many non-flag arguments: %q", set.Args())
	}
	return nil
}
