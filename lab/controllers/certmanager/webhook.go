package main

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/cert-manager/cert-manager/pkg/webhook/options"
	"github.com/cert-manager/cert-manager/pkg/webhook/server"
	webhooktest "github.com/cert-manager/cert-manager/test/webhook"
	"github.com/spf13/cobra"
)

// webhookCommand runs cert-manager's own webhook, with all that it validates. What makes it is internal to cert-manager, but
// for the package with which its integration tests start it: a test here, which ends with the program. That start takes
// ports of its own choice, so those of the arguments are put back.
func webhookCommand() *cobra.Command {
	config, err := options.NewWebhookConfiguration()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	command := &cobra.Command{Use: "webhook", Args: cobra.NoArgs}
	options.AddConfigFlags(command.Flags(), config)
	command.RunE = func(command *cobra.Command, _ []string) error {
		// It makes a directory that it does not use; under a read-only root a container can write to this one alone.
		if err := os.Setenv("TMPDIR", "/dev/shm"); err != nil {
			return err
		}
		args := os.Args[1:]
		serve := testing.InternalTest{Name: "webhook", F: func(t *testing.T) {
			_, stop := webhooktest.StartWebhookServer(t, args, func(s *server.Server) {
				healthz := int(config.HealthzPort)
				s.ListenAddr, s.HealthzAddr = int(config.SecurePort), &healthz
				s.MetricsListenAddress = config.MetricsListenAddress
			})
			<-command.Context().Done()
			stop()
		}}
		// A test takes its own arguments. Its logs are shown as they come only with this one.
		os.Args = []string{os.Args[0], "-test.v=true"}
		testing.Main(regexp.MatchString, []testing.InternalTest{serve}, nil, nil)
		return nil
	}
	return command
}
