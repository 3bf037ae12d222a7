package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/argoproj/gitops-engine/pkg/cache"
	"github.com/argoproj/gitops-engine/pkg/diff"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/gitops-engine/pkg/sync"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	"github.com/argoproj/gitops-engine/pkg/sync/hook"
	"github.com/argoproj/gitops-engine/pkg/sync/ignore"
	"github.com/argoproj/gitops-engine/pkg/sync/syncwaves"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// fieldManager is the name that Argo CD applies under (common/common.go, ArgoCDSSAManager).
const fieldManager = "argocd-controller"

// comparison is what an Application's repository says against what stands in the cluster (controller/state.go, comparisonResult).
type comparison struct {
	sync       syncStatus
	health     health.HealthStatusCode
	resources  []resourceStatus
	conditions []condition
	sourceType string
	reconciled sync.ReconciliationResult
	diffs      *diff.DiffResultList
}

// target asks the reader for the objects of an Application's source.
func (c *controller) target(ctx context.Context, app application, revision string, hard, anew bool) (manifests, []*unstructured.Unstructured, error) {
	settings, err := readSettings(ctx, c.clients)
	if err != nil {
		return manifests{}, nil, err
	}
	from, err := repositoryOf(ctx, c.clients, app.Spec.Source.RepoURL)
	if err != nil {
		return manifests{}, nil, err
	}
	var answer manifests
	err = c.reader.ask(ctx, "/manifests", manifestRequest{
		Repository: from, Revision: revision, Path: app.Spec.Source.Path, App: app.Metadata.Name, Namespace: app.Spec.Destination.Namespace,
		Options: settings.buildOptions, KubeVersion: plainVersion(c.cluster.GetServerVersion()), APIVersions: apiVersions(c.cluster.GetAPIResources()),
		NoCache: hard, NoRevisionCache: anew,
	}, &answer)
	if err != nil {
		return manifests{}, nil, fmt.Errorf("failed to generate manifest for source 1 of 1: %w", err)
	}
	objects := make([]*unstructured.Unstructured, len(answer.Objects))
	for i, content := range answer.Objects {
		objects[i] = &unstructured.Unstructured{}
		if err := objects[i].UnmarshalJSON(content); err != nil {
			return manifests{}, nil, err
		}
	}
	return answer, objects, nil
}

// compare compares an Application at a revision; hard has its folder rendered anew, anew looks for the newest commit.
func (c *controller) compare(ctx context.Context, app application, of project, revision string, hard, anew bool) comparison {
	result := comparison{
		sync:   syncStatus{Status: unknownStatus, ComparedTo: comparedTo{app.Spec.Source, app.Spec.Destination}, Revision: revision},
		health: health.HealthStatusHealthy, diffs: &diff.DiffResultList{},
	}
	failed := false
	fail := func(format string, values ...any) {
		failed = true
		result.conditions = append(result.conditions, condition{Type: comparisonError, Message: fmt.Sprintf(format, values...)})
	}
	answer, targets, err := c.target(ctx, app, revision, hard, anew)
	if err != nil {
		fail("Failed to load target state: %v", err)
	} else {
		result.sync.Revision, result.sourceType = answer.Revision, answer.SourceType
	}
	targets, repeated := c.placed(app, targets)
	result.conditions = append(result.conditions, repeated...)
	live, err := c.cluster.GetManagedLiveObjs(targets, func(one *cache.Resource) bool { return one.Info == app.Metadata.Name })
	if err != nil {
		fail("Failed to load live state: %v", err)
	}
	for key, object := range live {
		if object == nil || of.permitsObject(object, c.namespaced(object)) != nil {
			delete(live, key)
		} else if other := appOf(object); other != "" && other != app.Metadata.Name {
			result.conditions = append(result.conditions, condition{Type: sharedResourceWarning, Message: fmt.Sprintf(
				"%s/%s is part of applications %s/%s and %s", object.GetKind(), object.GetName(), c.clients.namespace, app.Metadata.Name, other)})
		}
	}
	result.reconciled = sync.Reconcile(targets, live, app.Spec.Destination.Namespace, c.cluster)
	diffs, err := diff.DiffArray(result.reconciled.Target, result.reconciled.Live,
		diff.WithStructuredMergeDiff(app.Spec.has(common.SyncOptionServerSideApply)), diff.WithGVKParser(c.cluster.GetGVKParser()),
		diff.WithManager(fieldManager), diff.WithLogr(c.log))
	if err != nil {
		fail("Failed to compare desired state to live state: %v", err)
	} else {
		result.diffs = diffs
	}
	if err := c.judge(&result, of, failed); err != nil {
		fail("error setting app health: %v", err)
	}
	return result
}

// placed puts objects into the Application's namespace where they name none, takes it from those that have none, and leaves one of
// each name (DeduplicateTargetObjects, normalizeClusterScopeTracking).
func (c *controller) placed(app application, objects []*unstructured.Unstructured) ([]*unstructured.Unstructured, []condition) {
	conditions, place, kept := []condition{}, map[kube.ResourceKey]int{}, []*unstructured.Unstructured{}
	for _, object := range objects {
		switch namespaced := c.namespaced(object); {
		case !namespaced && object.GetNamespace() != "":
			object.SetNamespace("")
			track(object, app.Metadata.Name, app.Spec.Destination.Namespace)
		case namespaced && object.GetNamespace() == "":
			object.SetNamespace(app.Spec.Destination.Namespace)
		}
		key := kube.GetResourceKey(object)
		if at, twice := place[key]; twice {
			kept[at] = object
			conditions = append(conditions, condition{Type: "RepeatedResourceWarning", Message: fmt.Sprintf(
				"Resource %s appeared 2 times among application resources.", key.String())})
			continue
		}
		place[key] = len(kept)
		kept = append(kept, object)
	}
	return kept, conditions
}

func (c *controller) namespaced(object *unstructured.Unstructured) bool {
	return kube.IsNamespacedOrUnknown(c.cluster, object.GroupVersionKind().GroupKind())
}

// judge gives each object and the whole a status and health.
func (c *controller) judge(result *comparison, of project, failed bool) error {
	code, some, someLive := synced, false, false
	for i, target := range result.reconciled.Target {
		live := result.reconciled.Live[i]
		object := live
		if object == nil {
			object = target
		}
		kind := object.GroupVersionKind()
		status := resourceStatus{
			Group: kind.Group, Version: kind.Version, Kind: kind.Kind, Namespace: object.GetNamespace(), Name: object.GetName(),
			Hook: hook.IsHook(object), RequiresPruning: target == nil && live != nil && itself(live, target),
		}
		if target != nil {
			status.SyncWave = int64(syncwaves.Wave(target))
		}
		modified := i < len(result.diffs.Diffs) && result.diffs.Diffs[i].Modified
		switch {
		case status.Hook || ignore.Ignore(object) || target != nil && hook.Skip(target) || !itself(live, target):
		case modified || target == nil || live == nil:
			status.Status, code = outOfSync, outOfSync
		default:
			status.Status = synced
		}
		if failed || !of.permits(kind.GroupKind(), c.namespaced(object)) {
			status.Status = unknownStatus
		}
		result.resources = append(result.resources, status)
		if target != nil && hook.Skip(target) || live != nil && (hook.IsHook(live) || ignore.Ignore(live)) {
			continue
		}
		some = true
		if live == nil {
			continue
		}
		someLive = true
		found, err := health.GetResourceHealth(live, scripted{})
		if err != nil {
			return err
		}
		if found != nil && health.IsWorse(result.health, found.Status) {
			result.health = found.Status
		}
	}
	if some && !someLive {
		result.health = health.HealthStatusMissing
	}
	result.sync.Status = code
	if failed {
		result.sync.Status = unknownStatus
	}
	slices.SortFunc(result.resources, func(a, b resourceStatus) int { return strings.Compare(a.key(), b.key()) })
	return nil
}

func (s resourceStatus) key() string {
	return strings.Join([]string{s.Group, s.Kind, s.Namespace, s.Name}, "/")
}

// plainVersion is the cluster's version as Helm is told it (reposerver/repository, parseKubeVersion).
func plainVersion(version string) string {
	version, _, _ = strings.Cut(strings.TrimPrefix(version, "v"), "+")
	version, _, _ = strings.Cut(version, "-")
	return version
}

// apiVersions are the cluster's kinds as Helm is told them (util/argo/argo.go, APIResourcesToStrings).
func apiVersions(resources []kube.APIResourceInfo) []string {
	found := []string{}
	for _, one := range resources {
		version := one.GroupVersionResource.GroupVersion().String()
		found = append(found, version, version+"/"+one.GroupKind.Kind)
	}
	slices.Sort(found)
	return slices.Compact(found)
}
