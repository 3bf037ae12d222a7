package main

import (
	"time"

	cmscheme "github.com/cert-manager/cert-manager/pkg/client/clientset/versioned/scheme"
	"github.com/cert-manager/cert-manager/pkg/controller/cainjector"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util"
	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apiext "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	kscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/klog/v2"
	apireg "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// cainjectorCommand is cmd/cainjector/app/controller.go of cert-manager with the arguments of the chart's pod, without
// profiling and TLS for metrics.
func cainjectorCommand() *cobra.Command {
	logging := logsapi.NewLoggingConfiguration()
	var electionNamespace string
	command := &cobra.Command{
		Use:  "cainjector",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := logf.ValidateAndApply(logging); err != nil {
				return err
			}
			ctrl.SetLogger(klog.Background())
			scheme := runtime.NewScheme()
			for _, add := range []func(*runtime.Scheme) error{
				kscheme.AddToScheme, cmscheme.AddToScheme, apiext.AddToScheme, apireg.AddToScheme,
			} {
				utilruntime.Must(add(scheme))
			}
			lease, renew, retry := 60*time.Second, 40*time.Second, 15*time.Second
			// The user agent's first part is the field manager of what is injected.
			manager, err := ctrl.NewManager(util.RestConfigWithUserAgent(ctrl.GetConfigOrDie(), "cainjector"), ctrl.Options{
				Scheme: scheme,
				Cache:  cache.Options{ReaderFailOnMissingInformer: true},
				Client: client.Options{
					Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}},
				},
				LeaderElection:                true,
				LeaderElectionNamespace:       electionNamespace,
				LeaderElectionID:              "cert-manager-cainjector-leader-election",
				LeaderElectionReleaseOnCancel: true,
				LeaderElectionResourceLock:    resourcelock.LeasesResourceLock,
				LeaseDuration:                 &lease,
				RenewDeadline:                 &renew,
				RetryPeriod:                   &retry,
				Metrics:                       metricsserver.Options{BindAddress: ":9402"},
			})
			if err != nil {
				return err
			}
			if err := cainjector.RegisterAllInjectors(command.Context(), manager, cainjector.SetupOptions{
				EnableCertificatesDataSource: true,
				EnabledReconcilersFor: map[string]bool{
					cainjector.MutatingWebhookConfigurationName:   true,
					cainjector.ValidatingWebhookConfigurationName: true,
					cainjector.APIServiceName:                     true,
					cainjector.CustomResourceDefinitionName:       true,
				},
			}); err != nil {
				return err
			}
			return manager.Start(command.Context())
		},
	}
	command.Flags().StringVar(&electionNamespace, "leader-election-namespace", "kube-system", "namespace of the lease")
	logf.AddFlags(logging, command.Flags())
	return command
}
