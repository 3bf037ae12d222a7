package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
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
	command.RunE = func(*cobra.Command, []string) error {
		testing.Init()
		// Logs of a test are shown as they come only then.
		if err := flag.Set("test.v", "true"); err != nil {
			return err
		}
		serve := testing.InternalTest{Name: "webhook", F: func(t *testing.T) {
			_, stop := webhooktest.StartWebhookServer(t, os.Args[1:], func(s *server.Server) {
				healthz := int(config.HealthzPort)
				s.ListenAddr, s.HealthzAddr = int(config.SecurePort), &healthz
				s.MetricsListenAddress = config.MetricsListenAddress
			})
			ended := make(chan os.Signal, 1)
			signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
			<-ended
			stop()
		}}
		if !testing.RunTests(regexp.MatchString, []testing.InternalTest{serve}) {
			return fmt.Errorf("the webhook ended")
		}
		return nil
	}
	return command
}
