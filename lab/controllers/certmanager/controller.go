package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	configv1alpha1 "github.com/cert-manager/cert-manager/pkg/apis/config/controller/v1alpha1"
	"github.com/cert-manager/cert-manager/pkg/controller"
	"github.com/cert-manager/cert-manager/pkg/healthz"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/server"
	utilfeature "github.com/cert-manager/cert-manager/pkg/util/feature"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	cliflag "k8s.io/component-base/cli/flag"
	logsapi "k8s.io/component-base/logs/api/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	_ "github.com/cert-manager/cert-manager/pkg/controller/acmechallenges"
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmeorders"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/gateways"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificate-shim/ingresses"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/acme"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/metrics"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
)

// gatewayShim is the controller that makes Certificates for Gateways; the others are always on.
const gatewayShim = "gateway-shim"

// controllerOptions are the arguments of the chart's pod, with the defaults of cert-manager's own
// (internal/apis/config/controller/v1alpha1/defaults.go at v1.21.1). Its package of defaults cannot be imported: the issuer of
// Venafi, which no proxy serves whole, comes with it.
type controllerOptions struct {
	config                   string
	clusterResourceNamespace string
	leaderElectionNamespace  string
	solverImage              string
	nameservers              []string
	nameserversOnly          bool
	checkRetryPeriod         time.Duration
	maxConcurrentChallenges  int
	ownerRef                 bool
	featureGates             map[string]bool
	gatewayAPI               bool
	logging                  logsapi.LoggingConfiguration
}

func controllerCommand() *cobra.Command {
	options := controllerOptions{logging: *logsapi.NewLoggingConfiguration(), featureGates: map[string]bool{}}
	command := &cobra.Command{
		Use:  "controller",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := options.load(); err != nil {
				return err
			}
			if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(options.featureGates); err != nil {
				return err
			}
			if err := logf.ValidateAndApply(&options.logging); err != nil {
				return err
			}
			return runController(command.Context(), options)
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.config, "config", "", "file with a ControllerConfiguration")
	flags.StringVar(&options.clusterResourceNamespace, "cluster-resource-namespace", "kube-system", "namespace of what ClusterIssuers own")
	flags.StringVar(&options.leaderElectionNamespace, "leader-election-namespace", "kube-system", "namespace of the lease")
	flags.StringVar(&options.solverImage, "acme-http01-solver-image", "", "image of pods that solve HTTP-01")
	flags.StringSliceVar(&options.nameservers, "dns01-recursive-nameservers", nil, "resolvers that are asked for challenges")
	flags.BoolVar(&options.nameserversOnly, "dns01-recursive-nameservers-only", false, "whether only these are asked")
	flags.DurationVar(&options.checkRetryPeriod, "dns01-check-retry-period", 10*time.Second, "time between two looks")
	flags.IntVar(&options.maxConcurrentChallenges, "max-concurrent-challenges", 60, "challenges at a time")
	flags.BoolVar(&options.ownerRef, "enable-certificate-owner-ref", false, "whether a Secret goes with its Certificate")
	flags.Var(cliflag.NewMapStringBool(&options.featureGates), "feature-gates", "features by name")
	logf.AddFlags(&options.logging, flags)
	return command
}

// load reads the configuration file, strictly, as the real program does. What it may hold beyond the gateways is refused.
func (o *controllerOptions) load() error {
	if o.config == "" {
		return nil
	}
	text, err := os.ReadFile(o.config)
	if err != nil {
		return err
	}
	var file struct {
		APIVersion string                          `json:"apiVersion"`
		Kind       string                          `json:"kind"`
		GatewayAPI configv1alpha1.GatewayAPIConfig `json:"gatewayAPI"`
	}
	content, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return fmt.Errorf("%s: %w", o.config, err)
	}
	// Keys count as they are written, large letters and small: YAML's reader alone would take gatewayApi too.
	unknown, err := json.UnmarshalStrict(content, &file)
	if err := errors.Join(append(unknown, err)...); err != nil {
		return fmt.Errorf("%s: the lab's cert-manager takes gatewayAPI alone: %w", o.config, err)
	}
	if file.APIVersion != "controller.config.cert-manager.io/v1alpha1" || file.Kind != "ControllerConfiguration" {
		return fmt.Errorf("%s: %s %s is no ControllerConfiguration", o.config, file.APIVersion, file.Kind)
	}
	o.gatewayAPI = file.GatewayAPI.Enabled != nil && *file.GatewayAPI.Enabled
	return nil
}

func (o *controllerOptions) contextOptions() controller.ContextOptions {
	quantity := resource.MustParse
	return controller.ContextOptions{
		KubernetesAPIQPS:   20,
		KubernetesAPIBurst: 50,
		ACMEOptions: controller.ACMEOptions{
			HTTP01SolverResourceRequestCPU:    quantity("10m"),
			HTTP01SolverResourceRequestMemory: quantity("64Mi"),
			HTTP01SolverResourceLimitsCPU:     quantity("100m"),
			HTTP01SolverResourceLimitsMemory:  quantity("64Mi"),
			ACMEHTTP01SolverRunAsNonRoot:      true,
			HTTP01SolverImage:                 o.solverImage,
			DNS01Nameservers:                  o.nameservers,
			DNS01CheckRetryPeriod:             o.checkRetryPeriod,
			DNS01CheckAuthoritative:           !o.nameserversOnly,
		},
		SchedulerOptions: controller.SchedulerOptions{MaxConcurrentChallenges: o.maxConcurrentChallenges},
		IssuerOptions: controller.IssuerOptions{
			ClusterIssuerAmbientCredentials: true,
			ClusterResourceNamespace:        o.clusterResourceNamespace,
		},
		IngressShimOptions: controller.IngressShimOptions{
			DefaultIssuerKind:                 "Issuer",
			DefaultIssuerGroup:                "cert-manager.io",
			DefaultAutoCertificateAnnotations: []string{"kubernetes.io/tls-acme"},
		},
		CertificateOptions: controller.CertificateOptions{
			EnableOwnerRef: o.ownerRef,
			CopiedAnnotationPrefixes: []string{
				"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/",
			},
			CertificateRequestMinimumBackoffDuration: time.Hour,
			CertificateRequestMaximumBackoffDuration: 32 * time.Hour,
		},
		ConfigOptions: controller.ConfigOptions{EnableGatewayAPI: o.gatewayAPI},
	}
}

// runController is cmd/controller/app/controller.go of cert-manager, without profiling and TLS for metrics.
func runController(ctx context.Context, options controllerOptions) error {
	if len(options.nameservers) == 0 {
		return errors.New("the lab's cert-manager is told its resolvers: dns01RecursiveNameservers")
	}
	factory, err := controller.NewContextFactory(ctx, options.contextOptions())
	if err != nil {
		return err
	}
	base, err := factory.Build()
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	if err := serveMetrics(ctx, group, base); err != nil {
		return err
	}
	health := healthz.NewServer(20 * time.Second)
	listener, err := net.Listen("tcp", ":9403")
	if err != nil {
		return err
	}
	group.Go(func() error { return health.Start(ctx, listener) })
	elected := make(chan struct{})
	group.Go(func() error { return elect(ctx, factory, options, health, elected) })
	select {
	case <-ctx.Done():
		return group.Wait()
	case <-elected:
	}
	for _, name := range slices.Sorted(maps.Keys(controller.Known())) {
		if name == gatewayShim && !options.gatewayAPI || strings.HasPrefix(name, "certificatesigningrequests-") ||
			strings.HasPrefix(name, "listenerset") {
			continue
		}
		made, err := controller.Known()[name](factory)
		if err != nil {
			return fmt.Errorf("controller %s: %w", name, err)
		}
		group.Go(func() error { return made.Run(5, ctx) })
	}
	base.SharedInformerFactory.Start(ctx.Done())
	base.KubeSharedInformerFactory.Start(ctx.Done())
	base.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	if options.gatewayAPI {
		base.GWShared.Start(ctx.Done())
	}
	return group.Wait()
}

func serveMetrics(ctx context.Context, group *errgroup.Group, base *controller.Context) error {
	listener, err := server.Listen(ctx, "tcp", ":9402")
	if err != nil {
		return err
	}
	base.Metrics.SetupACMECollector(base.SharedInformerFactory.Acme().V1().Challenges().Lister())
	base.Metrics.SetupCertificateCollector(base.SharedInformerFactory.Certmanager().V1().Certificates().Lister())
	base.Metrics.SetupIssuerCollector(base.SharedInformerFactory.Certmanager().V1().Issuers().Lister())
	base.Metrics.SetupClusterIssuerCollector(base.SharedInformerFactory.Certmanager().V1().ClusterIssuers().Lister())
	metrics := base.Metrics.NewServer(listener)
	group.Go(func() error {
		if err := metrics.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return metrics.Close()
	})
	return nil
}

// elect returns when this pod no longer leads; elected is closed when it begins to.
func elect(ctx context.Context, factory *controller.ContextFactory, options controllerOptions, health *healthz.Server,
	elected chan<- struct{},
) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	own, err := factory.Build("leader-election")
	if err != nil {
		return err
	}
	lock, err := resourcelock.NewWithLabels(resourcelock.LeasesResourceLock, options.leaderElectionNamespace,
		"cert-manager-controller", own.Client.CoreV1(), own.Client.CoordinationV1(),
		resourcelock.ResourceLockConfig{
			Identity: host + "-external-cert-manager-controller", EventRecorder: own.Recorder,
		}, map[string]string{"app.kubernetes.io/managed-by": "cert-manager"})
	if err != nil {
		return err
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   60 * time.Second,
		RenewDeadline:   40 * time.Second,
		RetryPeriod:     15 * time.Second,
		ReleaseOnCancel: true,
		WatchDog:        health.LeaderHealthzAdaptor,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { close(elected) },
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return err
	}
	elector.Run(ctx)
	if ctx.Err() == nil {
		return errors.New("leader election lost")
	}
	return nil
}
