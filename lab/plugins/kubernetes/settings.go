package kubernetes

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
)

// settings are the provider's arguments. Each can also come from an environment variable; the
// argument wins.
type settings struct {
	namespace        string
	mutableConfigMap bool
	mutableSecret    bool
	patchForce       bool
	upsert           bool
	// deleteUnreachable drops resources from the state when their cluster cannot be reached.
	deleteUnreachable bool
	// skipUnreachable leaves resources as they are when their cluster cannot be reached.
	skipUnreachable bool
	acceptSecrets   bool
	client          clientSettings
	helm            helmSettings
}

// clientSettings limit the requests to the API server: bursts and requests a second, seconds.
type clientSettings struct {
	Burst   *int     `json:"burst"`
	QPS     *float64 `json:"qps"`
	Timeout *int     `json:"timeout"`
}

// helmSettings are the argument helmReleaseSettings.
type helmSettings struct {
	Driver               string `json:"driver"`
	PluginsPath          string `json:"pluginsPath"`
	RegistryConfigPath   string `json:"registryConfigPath"`
	RepositoryCache      string `json:"repositoryCache"`
	RepositoryConfigPath string `json:"repositoryConfigPath"`
}

// variables are the arguments as Configure receives them: "kubernetes:config:NAME" to text.
type variables map[string]string

func (v variables) text(name string) string { return v["kubernetes:config:"+name] }

// flag reads a boolean, which the engine passes as text, or else its environment variable.
func (v variables) flag(name, environment string, otherwise bool) bool {
	if value, given := v["kubernetes:config:"+name]; given {
		return value == "true"
	}
	if value, given := os.LookupEnv(environment); given {
		return value == "true"
	}
	return otherwise
}

func (v variables) json(name string, into any) error {
	text := v.text(name)
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("failed to unmarshal %s option: %w", name, err)
	}
	return nil
}

func readSettings(v variables) (settings, error) {
	s := settings{
		namespace:         v.text("namespace"),
		mutableConfigMap:  v.flag("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE", false),
		mutableSecret:     v.flag("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE", false),
		patchForce:        v.flag("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE", false),
		upsert:            v.flag("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS", false),
		deleteUnreachable: v.flag("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE", false),
		skipUnreachable:   v.flag("skipUpdateUnreachable", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE", false),
	}
	if !v.flag("enableServerSideApply", "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY", true) {
		return s, notServed("enableServerSideApply: false")
	}
	if v.text("renderYamlToDirectory") != "" {
		return s, notServed("renderYamlToDirectory")
	}
	if err := v.json("helmReleaseSettings", &s.helm); err != nil {
		return s, err
	}
	if err := v.json("kubeClientSettings", &s.client); err != nil {
		return s, err
	}
	fromEnvironment(&s.helm.Driver, "PULUMI_K8S_HELM_DRIVER")
	fromEnvironment(&s.helm.PluginsPath, "PULUMI_K8S_HELM_PLUGINS_PATH")
	fromEnvironment(&s.helm.RegistryConfigPath, "PULUMI_K8S_HELM_REGISTRY_CONFIG_PATH")
	fromEnvironment(&s.helm.RepositoryConfigPath, "PULUMI_K8S_HELM_REPOSITORY_CONFIG_PATH")
	fromEnvironment(&s.helm.RepositoryCache, "PULUMI_K8S_HELM_REPOSITORY_CACHE")
	return s, s.client.complete()
}

func fromEnvironment(value *string, name string) {
	if *value == "" {
		*value = os.Getenv(name)
	}
}

// complete fills in the environment's values and the official plugin's defaults.
func (c *clientSettings) complete() error {
	if text := os.Getenv("PULUMI_K8S_CLIENT_BURST"); c.Burst == nil && text != "" {
		burst, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("invalid value specified for PULUMI_K8S_CLIENT_BURST: %w", err)
		}
		c.Burst = &burst
	}
	if text := os.Getenv("PULUMI_K8S_CLIENT_QPS"); c.QPS == nil && text != "" {
		qps, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("invalid value specified for PULUMI_K8S_CLIENT_QPS: %w", err)
		}
		c.QPS = &qps
	}
	if text := os.Getenv("PULUMI_K8S_CLIENT_TIMEOUT"); c.Timeout == nil && text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("invalid value specified for PULUMI_K8S_CLIENT_TIMEOUT: %w", err)
		}
		c.Timeout = &seconds
	}
	burst, qps := 120, 50.0
	if c.Burst == nil {
		c.Burst = &burst
	}
	if c.QPS == nil {
		c.QPS = &qps
	}
	return nil
}
