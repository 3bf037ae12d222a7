package main

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// project is an AppProject: what its Applications may bring, and from where
// (pkg/apis/application/v1alpha1/app_project_types.go).
type project struct {
	name                       string
	Description                string        `json:"description,omitempty"`
	SourceRepos                []string      `json:"sourceRepos,omitempty"`
	Destinations               []destination `json:"destinations,omitempty"`
	ClusterResourceWhitelist   []groupKind   `json:"clusterResourceWhitelist,omitempty"`
	ClusterResourceBlacklist   []groupKind   `json:"clusterResourceBlacklist,omitempty"`
	NamespaceResourceWhitelist []groupKind   `json:"namespaceResourceWhitelist,omitempty"`
	NamespaceResourceBlacklist []groupKind   `json:"namespaceResourceBlacklist,omitempty"`
}

type groupKind struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
}

// readProject reads an AppProject; what is not played here is an error.
func readProject(object *unstructured.Unstructured) (project, error) {
	read := project{name: object.GetName()}
	for _, one := range readSpec(object, &read) {
		if one != nil {
			return read, fmt.Errorf("the lab's Argo CD does not play this of the project %s: %w", read.name, one)
		}
	}
	for _, one := range read.Destinations {
		if strings.HasPrefix(one.Server, "!") || strings.HasPrefix(one.Namespace, "!") {
			return read, fmt.Errorf("the lab's Argo CD does not play destinations that are denied, as the project %s has", read.name)
		}
	}
	return read, nil
}

// allows checks an Application's source and destination, in Argo CD's words (util/argo/argo.go, ValidatePermissions).
func (p project) allows(spec applicationSpec) []condition {
	conditions := []condition{}
	invalid := func(format string, values ...any) {
		conditions = append(conditions, condition{Type: invalidSpecError, Message: fmt.Sprintf(format, values...)})
	}
	switch {
	case spec.Source.RepoURL == "":
		invalid("spec.source.repoURL and either spec.source.path or spec.source.chart are required")
		return conditions
	case !p.takesFrom(spec.Source.RepoURL):
		invalid("application repo %s is not permitted in project '%s'", spec.Source.RepoURL, p.name)
	}
	if !p.bringsTo(spec.Destination.Namespace) {
		invalid("application destination server '%s' and namespace '%s' do not match any of the allowed destinations in project '%s'",
			spec.Destination.Server, spec.Destination.Namespace, p.name)
	}
	return conditions
}

func (p project) takesFrom(repository string) bool {
	return slices.ContainsFunc(p.SourceRepos, func(pattern string) bool {
		return pattern == "*" || matches(normalURL(pattern), normalURL(repository))
	})
}

func (p project) bringsTo(namespace string) bool {
	return slices.ContainsFunc(p.Destinations, func(one destination) bool {
		return matches(one.Server, inClusterServer) && matches(one.Namespace, namespace)
	})
}

// permits is whether Applications may bring a kind: what has no namespace only where it is listed, and what has one where it is
// not forbidden.
func (p project) permits(kind schema.GroupKind, namespaced bool) bool {
	listed := func(list []groupKind) bool {
		return slices.ContainsFunc(list, func(one groupKind) bool { return matches(one.Group, kind.Group) && matches(one.Kind, kind.Kind) })
	}
	if namespaced {
		return (p.NamespaceResourceWhitelist == nil || listed(p.NamespaceResourceWhitelist)) && !listed(p.NamespaceResourceBlacklist)
	}
	return listed(p.ClusterResourceWhitelist) && !listed(p.ClusterResourceBlacklist)
}

// permitsObject is whether an Application may bring an object, in the words of a sync (controller/sync.go, validateSyncPermissions).
func (p project) permitsObject(object *unstructured.Unstructured, namespaced bool) error {
	kind := object.GroupVersionKind().GroupKind()
	if !p.permits(kind, namespaced) {
		return fmt.Errorf("resource %s:%s is not permitted in project %s", kind.Group, kind.Kind, p.name)
	}
	if namespaced && !p.bringsTo(object.GetNamespace()) {
		return fmt.Errorf("namespace %v is not permitted in project '%s'", object.GetNamespace(), p.name)
	}
	return nil
}

func matches(pattern, text string) bool {
	if pattern == "*" {
		return true
	}
	found, err := path.Match(pattern, text)
	return err == nil && found
}

// normalURL is an address of a repository without what makes no difference (util/git/git.go, NormalizeGitURL).
func normalURL(url string) string {
	return strings.TrimSuffix(strings.ToLower(strings.TrimSpace(url)), ".git")
}
