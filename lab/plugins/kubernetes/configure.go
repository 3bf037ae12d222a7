package kubernetes

import (
	"context"
	"fmt"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientapi "k8s.io/client-go/tools/clientcmd/api"
)

// Configure connects to the cluster. A kubeconfig that cannot be read and a server that does not
// answer are no error here: they are remembered, previews pass, and the first operation that needs
// the cluster fails with the reason. Reachability is decided once, here.
func (p *kubeProvider) Configure(_ context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	vars := variables(req.GetVariables()) //nolint:staticcheck // the engine still sends the text form
	var err error
	if p.settings, err = readSettings(vars); err != nil {
		return nil, err
	}
	p.settings.acceptSecrets = req.GetAcceptSecrets()

	overrides := &clientcmd.ConfigOverrides{
		Context:        clientapi.Context{Cluster: vars.text("cluster"), Namespace: p.settings.namespace},
		CurrentContext: vars.text("context"),
	}
	loader := p.loader(vars.text("kubeconfig"), overrides)
	if loader != nil {
		if namespace, _, err := loader.Namespace(); err == nil {
			p.settings.namespace = namespace
		}
		if err := p.connect(loader); err != nil {
			return nil, err
		}
	}
	if p.settings.namespace == "" {
		p.settings.namespace = "default"
	}
	p.charts = newCharts(p.settings, loader, p.cluster)
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets: true, SupportsPreview: true, SupportsAutonamingConfiguration: true,
	}, nil
}

// loader reads the argument kubeconfig, or else the ambient one. Nil when the text is unusable.
func (p *kubeProvider) loader(kubeconfig string, overrides *clientcmd.ConfigOverrides) clientcmd.ClientConfig {
	if kubeconfig == "" {
		return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
			clientcmd.NewDefaultClientConfigLoadingRules(), overrides)
	}
	config, err := parseKubeconfig(kubeconfig)
	if err != nil {
		p.unreachable = fmt.Sprintf("failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- %v", err)
		return nil
	}
	return clientcmd.NewDefaultClientConfig(*config, overrides)
}

// connect makes the clients and asks the server for its version and its schema, the two calls
// that the official plugin makes before anything else.
func (p *kubeProvider) connect(loader clientcmd.ClientConfig) error {
	config, err := loader.ClientConfig()
	if err != nil {
		p.unreachable = fmt.Sprintf("unable to load Kubernetes client configuration from kubeconfig file. "+
			"Make sure you have: \n\n \t • set up the provider as per "+
			"https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/ \n\n %v", err)
		return nil
	}
	config.Burst = *p.settings.client.Burst
	config.QPS = float32(*p.settings.client.QPS)
	if seconds := p.settings.client.Timeout; seconds != nil {
		config.Timeout = time.Duration(*seconds) * time.Second
	}
	config.WarningHandler = rest.NoWarnings{}
	config.UserAgent = userAgent()
	if p.cluster, err = newCluster(config); err != nil {
		return err
	}
	// The version is asked for the record only: a server that cannot tell it fails the next call.
	_, _ = p.cluster.discovery.ServerVersion()
	if _, err := p.cluster.discovery.OpenAPISchema(); err != nil {
		p.unreachable = fmt.Sprintf("unable to load schema information from the API server: %v", err)
	}
	return nil
}
