package kubernetes

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/cli"
	"helm.sh/helm/v3/pkg/downloader"
	"helm.sh/helm/v3/pkg/getter"
	"helm.sh/helm/v3/pkg/kube"
	"helm.sh/helm/v3/pkg/registry"
	"helm.sh/helm/v3/pkg/repo"
	"k8s.io/client-go/tools/clientcmd"
)

// charts finds charts and connects Helm to the cluster.
type charts struct {
	environment *cli.EnvSettings
	driver      string
	loader      clientcmd.ClientConfig
	cluster     *cluster
}

func newCharts(s settings, loader clientcmd.ClientConfig, cluster *cluster) *charts {
	// Helm would name itself after the binary; the name is part of the objects' managedFields.
	kube.ManagedFieldsManager = "pulumi-resource-kubernetes"
	environment := cli.New()
	environment.Debug = true // full causes in errors
	for _, setting := range []struct {
		into  *string
		value string
	}{
		{&environment.PluginsDirectory, s.helm.PluginsPath},
		{&environment.RegistryConfig, s.helm.RegistryConfigPath},
		{&environment.RepositoryConfig, s.helm.RepositoryConfigPath},
		{&environment.RepositoryCache, s.helm.RepositoryCache},
	} {
		if setting.value != "" {
			*setting.into = setting.value
		}
	}
	driver := s.helm.Driver
	if driver == "" {
		driver = "secret"
	}
	return &charts{environment: environment, driver: driver, loader: loader, cluster: cluster}
}

// configuration gives Helm's view of one namespace.
func (c *charts) configuration(namespace string) (*action.Configuration, error) {
	configuration := new(action.Configuration)
	access := &clusterAccess{cluster: c.cluster, loader: c.loader, namespace: namespace}
	if err := configuration.Init(access, namespace, c.driver, func(string, ...any) {}); err != nil {
		return nil, err
	}
	client, err := registry.NewClient(registry.ClientOptEnableCache(true), registry.ClientOptWriter(io.Discard),
		registry.ClientOptCredentialsFile(c.environment.RegistryConfig))
	if err != nil {
		return nil, err
	}
	configuration.RegistryClient = client
	return configuration, nil
}

// load fetches and reads the chart of a release. A chart of a repository is downloaded every time,
// its index too.
func (c *charts) load(r *release, configuration *action.Configuration) (*chart.Chart, error) {
	// An install action is the only way to hand the registry client to the path options.
	options := &action.NewInstall(configuration).ChartPathOptions
	path, err := c.locate(r, options)
	if err != nil {
		return nil, err
	}
	loaded, err := loader.Load(path)
	if err != nil {
		return nil, err
	}
	if loaded.Metadata.Dependencies == nil {
		return loaded, nil
	}
	err = action.CheckDependencies(loaded, loaded.Metadata.Dependencies)
	if err == nil || !r.DependencyUpdate {
		return loaded, err
	}
	manager := &downloader.Manager{
		Out: io.Discard, ChartPath: path, Keyring: r.Keyring, Getters: getter.All(c.environment),
		RepositoryConfig: c.environment.RepositoryConfig, RepositoryCache: c.environment.RepositoryCache,
		RegistryClient: configuration.RegistryClient, Debug: true,
	}
	if err := manager.Update(); err != nil {
		return nil, err
	}
	return loader.Load(path)
}

func (c *charts) locate(r *release, options *action.ChartPathOptions) (string, error) {
	name := strings.TrimSpace(r.Chart)
	options.Keyring, options.Verify = r.Keyring, r.Verify
	options.Version = strings.TrimSpace(r.Version)
	if options.Version == "" && r.Devel {
		options.Version = ">0.0.0-0"
	}
	repository := ""
	if o := r.RepositoryOpts; o != nil {
		options.CertFile, options.CaFile, options.KeyFile = o.CertFile, o.CAFile, o.KeyFile
		options.Username, options.Password = o.Username, o.Password
		repository, name = resolveChart(o.Repo, name)
	}
	if repository == "" {
		path, found, err := localChart(name, r)
		if found || err != nil {
			return path, err
		}
	} else {
		// Resolved here, so that a folder with the chart's name cannot take its place.
		address, err := repo.FindChartInAuthAndTLSAndPassRepoURL(repository, options.Username, options.Password,
			name, options.Version, options.CertFile, options.KeyFile, options.CaFile, false, false,
			getter.All(c.environment))
		if err != nil {
			return "", err
		}
		if !sameHost(repository, address) {
			options.Username, options.Password = "", ""
		}
		name = address
	}
	return options.LocateChart(name, c.environment)
}

// resolveChart tells a repository's address from the name of one that Helm is configured with.
func resolveChart(repository, name string) (address, chartName string) {
	if registry.IsOCI(name) {
		return "", name
	}
	if _, err := url.ParseRequestURI(repository); err == nil {
		return repository, name
	}
	if repository != "" && !strings.Contains(name, "/") {
		name = repository + "/" + name
	}
	return "", name
}

// localChart accepts a file, or a folder that holds a chart.
func localChart(name string, r *release) (path string, found bool, err error) {
	info, err := os.Stat(name)
	if err != nil {
		if filepath.IsAbs(name) || strings.HasPrefix(name, ".") {
			return name, false, fmt.Errorf("path %q not found", name)
		}
		return "", false, nil
	}
	if info.IsDir() {
		if _, err := os.Stat(filepath.Join(name, "Chart.yaml")); errors.Is(err, os.ErrNotExist) {
			return "", false, nil
		}
	}
	if r.Verify {
		if _, err := downloader.VerifyChart(name, r.Keyring); err != nil {
			return "", false, err
		}
	}
	path, err = filepath.Abs(name)
	return path, err == nil, err
}

// sameHost guards credentials: they go to the repository's own host only.
func sameHost(a, b string) bool {
	first, err := url.Parse(a)
	if err != nil {
		return false
	}
	second, err := url.Parse(b)
	return err == nil && first.Scheme == second.Scheme && first.Host == second.Host
}
