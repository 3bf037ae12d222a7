package kubernetes

import (
	"errors"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientapi "k8s.io/client-go/tools/clientcmd/api"
)

// clusterAccess lends the plugin's connection to Helm; objects without a namespace go to the given
// one. It implements genericclioptions.RESTClientGetter.
type clusterAccess struct {
	cluster   *cluster
	loader    clientcmd.ClientConfig
	namespace string
}

var errNoCluster = errors.New("the provider has no usable kubeconfig")

func (a *clusterAccess) ToRESTConfig() (*rest.Config, error) {
	if a.cluster == nil {
		return nil, errNoCluster
	}
	return rest.CopyConfig(a.cluster.config), nil
}

// ToDiscoveryClient begins with nothing known, as with the real plugin (pulumi-kubernetes, provider/kubeconfig.go): a release
// may have kinds that another has brought a moment ago, and a cache that was filled once is never asked again.
func (a *clusterAccess) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	config, err := a.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return memory.NewMemCacheClient(client), nil
}

func (a *clusterAccess) ToRESTMapper() (meta.RESTMapper, error) {
	client, err := a.ToDiscoveryClient()
	if err != nil {
		return nil, err
	}
	return restmapper.NewDeferredDiscoveryRESTMapper(client), nil
}

func (a *clusterAccess) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return &inNamespace{loader: a.loader, namespace: a.namespace}
}

// inNamespace is a kubeconfig, possibly none, with another namespace.
type inNamespace struct {
	loader    clientcmd.ClientConfig
	namespace string
}

func (c *inNamespace) Namespace() (string, bool, error) { return c.namespace, true, nil }

func (c *inNamespace) RawConfig() (clientapi.Config, error) {
	if c.loader == nil {
		return clientapi.Config{}, errNoCluster
	}
	return c.loader.RawConfig()
}

func (c *inNamespace) ClientConfig() (*rest.Config, error) {
	if c.loader == nil {
		return nil, errNoCluster
	}
	return c.loader.ClientConfig()
}

func (c *inNamespace) ConfigAccess() clientcmd.ConfigAccess {
	if c.loader == nil {
		return clientcmd.NewDefaultClientConfigLoadingRules()
	}
	return c.loader.ConfigAccess()
}
