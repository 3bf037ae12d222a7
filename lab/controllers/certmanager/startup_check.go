package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/cert-manager/cert-manager/pkg/util"
	"github.com/cert-manager/cert-manager/pkg/util/cmapichecker"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
)

// startupCheckCommand is `check api` of cmd/startupapicheck: dry runs that the webhook must change and refuse, until they do.
func startupCheckCommand() *cobra.Command {
	var limit time.Duration
	api := &cobra.Command{
		Use:  "api",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := ctrl.GetConfig()
			if err != nil {
				return err
			}
			checker, err := cmapichecker.New(util.RestConfigWithUserAgent(config, "startupapicheck"), os.Getenv("POD_NAMESPACE"))
			if err != nil {
				return err
			}
			return untilReady(command.Context(), checker, limit)
		},
	}
	api.Flags().DurationVar(&limit, "wait", 0, "time to wait until the API is ready")
	api.Flags().IntP("v", "v", 0, "how much is said")
	api.Flags().Lookup("v").NoOptDefVal = "5"
	check := &cobra.Command{Use: "check"}
	check.AddCommand(api)
	root := &cobra.Command{Use: "startupapicheck"}
	root.AddCommand(check)
	return root
}

func untilReady(ctx context.Context, checker cmapichecker.Interface, limit time.Duration) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 5*time.Second, max(limit, time.Second), true,
		func(ctx context.Context) (bool, error) {
			last = checker.Check(ctx)
			if last != nil {
				fmt.Fprintln(os.Stderr, "Not ready:", last)
			}
			return last == nil, nil
		})
	if err != nil && last != nil {
		return last
	}
	return err
}
