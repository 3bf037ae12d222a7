// The programs of cert-manager and trust-manager as one binary, so that what they share is compiled and linked once. The
// program is chosen by the name that it was started with. cert-manager's own mains are modules of their own, which no proxy
// serves; these take the arguments of the chart's pods, and end at any other.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	trustmanager "github.com/cert-manager/trust-manager/cmd/trust-manager/app"
	"github.com/spf13/cobra"
	"k8s.io/component-base/cli/flag"
	_ "k8s.io/component-base/logs/json/register"
)

func main() {
	commands := map[string]func() *cobra.Command{
		"cert-manager-controller":      controllerCommand,
		"cert-manager-cainjector":      cainjectorCommand,
		"cert-manager-webhook":         webhookCommand,
		"cert-manager-startupapicheck": startupCheckCommand,
		"trust-manager":                trustmanager.NewCommand,
	}
	command, known := commands[filepath.Base(os.Args[0])]
	if !known {
		names := slices.Sorted(maps.Keys(commands))
		fmt.Fprintf(os.Stderr, "%s: start it as one of %s\n", filepath.Base(os.Args[0]), strings.Join(names, ", "))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	program := command()
	program.SilenceUsage = true
	program.SetGlobalNormalizationFunc(flag.WordSepNormalizeFunc)
	if err := program.ExecuteContext(ctx); err != nil {
		os.Exit(1)
	}
}
