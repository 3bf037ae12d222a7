package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// settings are those of argocd-cm that are played here.
type settings struct {
	buildOptions string
	excluded     exclusions
	// timeout is how old a comparison may be.
	timeout time.Duration
}

// readSettings reads argocd-cm. A setting of it that would change what is played is refused; what is for the UI is left alone.
func readSettings(ctx context.Context, c clients) (settings, error) {
	config, err := c.core.CoreV1().ConfigMaps(c.namespace).Get(ctx, "argocd-cm", metav1.GetOptions{})
	if err != nil {
		return settings{}, err
	}
	for key, allowed := range map[string][]string{
		"application.resourceTrackingMethod":     {"", "annotation"},
		"application.sync.impersonation.enabled": {"", "false"},
		"installationID":                         {""},
		"resource.inclusions":                    {""},
		"resource.respectRBAC":                   {""},
		"kustomize.path":                         {""},
	} {
		if value := config.Data[key]; !slices.Contains(allowed, value) {
			return settings{}, fmt.Errorf("argocd-cm: the lab's Argo CD does not play %s: %s", key, value)
		}
	}
	read := settings{buildOptions: config.Data["kustomize.buildOptions"], timeout: 2 * time.Minute}
	if err := yaml.Unmarshal([]byte(config.Data["resource.exclusions"]), &read.excluded); err != nil {
		return settings{}, fmt.Errorf("argocd-cm: resource.exclusions: %w", err)
	}
	if text := config.Data["timeout.reconciliation"]; text != "" {
		if read.timeout, err = time.ParseDuration(text); err != nil {
			return settings{}, fmt.Errorf("argocd-cm: timeout.reconciliation: %w", err)
		}
	}
	return read, nil
}

// exclusions are kinds that Argo CD does not look at, beside those that it never does (util/settings/resources_filter.go).
type exclusions []struct {
	APIGroups []string `json:"apiGroups"`
	Kinds     []string `json:"kinds"`
	Clusters  []string `json:"clusters"`
}

// IsExcludedResource implements kube.ResourceFilter.
func (e exclusions) IsExcludedResource(group, kind, cluster string) bool {
	if group == "events.k8s.io" || group == "metrics.k8s.io" || group == "" && kind == "Event" {
		return true
	}
	some := func(patterns []string, text string) bool {
		return len(patterns) == 0 || slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, text) })
	}
	for _, one := range e {
		if some(one.APIGroups, group) && some(one.Kinds, kind) && some(one.Clusters, cluster) {
			return true
		}
	}
	return false
}

// repositoryLabel marks Secrets with a repository's address and login.
const repositoryLabel = "argocd.argoproj.io/secret-type"

// repositoryOf finds the login for an address; without a Secret there is none (util/db/repository_secrets.go).
func repositoryOf(ctx context.Context, c clients, url string) (repository, error) {
	secrets, err := c.core.CoreV1().Secrets(c.namespace).List(ctx, metav1.ListOptions{LabelSelector: repositoryLabel + "=repository"})
	if err != nil {
		return repository{}, err
	}
	for _, secret := range secrets.Items {
		if normalURL(string(secret.Data["url"])) != normalURL(url) {
			continue
		}
		for key := range secret.Data {
			if !slices.Contains([]string{"type", "name", "url", "username", "password"}, key) {
				return repository{}, fmt.Errorf("the lab's Argo CD does not play %s of the repository %s: it reads git over https", key, url)
			}
		}
		if kind := string(secret.Data["type"]); kind != "" && kind != "git" {
			return repository{}, fmt.Errorf("the lab's Argo CD does not play repositories of the type %s", kind)
		}
		return repository{URL: url, Username: string(secret.Data["username"]), Password: string(secret.Data["password"])}, nil
	}
	return repository{URL: url}, nil
}
