package kubernetes

import (
	"context"
	"fmt"
	"sort"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Diff compares the new inputs with the live object in the state, cut to the fields of the old
// inputs. What others changed is therefore seen after a refresh only.
func (p *kubeProvider) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	urn := resource.URN(req.GetUrn())
	state, err := decode(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := decode(req.GetNews())
	if err != nil {
		return nil, fmt.Errorf("diff failed because malformed resource inputs: %w", err)
	}
	if isRelease(urn) {
		return diffRelease(state, news, req.GetIgnoreChanges())
	}
	if err := refuse(urn); err != nil {
		return nil, err
	}

	oldInputs, live := parseCheckpoint(state)
	oldInputs, wanted := normalise(oldInputs), normalise(objectOf(news))
	base := &unstructured.Unstructured{Object: pruneMap(live.Object, oldInputs.Object)}
	p.align(base, wanted, live)

	replacing := p.replacingFields(wanted)
	if isPatch(urn, wanted.GetKind()) {
		replacing = []string{".metadata.name", ".metadata.namespace"}
	}
	found := compare(base.Object, base.Object, wanted.Object, replacing)
	if err := ignoreChanges(found, req.GetIgnoreChanges()); err != nil {
		return nil, err
	}
	answer := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, DetailedDiff: found, HasDetailedDiff: true,
		Replaces: replacesIn(found),
	}
	if len(found) > 0 {
		answer.Changes = pulumirpc.DiffResponse_DIFF_SOME
	}
	if annotated(wanted, replaceUnready) && p.unready(ctx, urn, live) {
		answer.Changes = pulumirpc.DiffResponse_DIFF_SOME
		answer.Replaces = append(answer.Replaces, `.metadata.annotations["pulumi.com/replaceUnready"]`)
	}
	// A fixed name cannot exist twice: the old object has to go first.
	answer.DeleteBeforeReplace = len(answer.Replaces) > 0 &&
		named(wanted) && !annotated(wanted, autonamed) &&
		wanted.GetName() == live.GetName() && wanted.GetNamespace() == live.GetNamespace()
	return answer, nil
}

// align removes what must not count as a difference: how the namespace is written, and versions.
func (p *kubeProvider) align(base, wanted, live *unstructured.Unstructured) {
	gvk := wanted.GroupVersionKind()
	if base.Object == nil {
		base.Object = map[string]any{}
	}
	if p.namespaced(gvk) {
		base.SetNamespace(orDefault(base.GetNamespace()))
		if metadata, ok := wanted.Object["metadata"].(map[string]any); ok {
			if metadata["namespace"] == nil || metadata["namespace"] == "" {
				metadata["namespace"] = "default"
			}
		}
	} else {
		base.SetNamespace("")
		wanted.SetNamespace("")
	}
	if base.GetAPIVersion() == "" {
		base.SetGroupVersionKind(gvk)
	}
	base.SetResourceVersion("")
	if wanted.GetName() != "" {
		base.SetName(live.GetName())
	}
}

func ignoreChanges(found map[string]*pulumirpc.PropertyDiff, ignored []string) error {
	for _, text := range ignored {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			return fmt.Errorf("failed to parse ignore path: %w", err)
		}
		for key := range found {
			changed, err := resource.ParsePropertyPath(key)
			if err != nil {
				return fmt.Errorf("failed to parse diff path: %w", err)
			}
			if path.Contains(changed) {
				delete(found, key)
			}
		}
	}
	return nil
}

func replacesIn(found map[string]*pulumirpc.PropertyDiff) []string {
	var replaces []string
	for key, change := range found {
		switch change.Kind {
		case pulumirpc.PropertyDiff_ADD_REPLACE, pulumirpc.PropertyDiff_DELETE_REPLACE,
			pulumirpc.PropertyDiff_UPDATE_REPLACE:
			replaces = append(replaces, key)
		case pulumirpc.PropertyDiff_DELETE:
			if key == "metadata" {
				replaces = append(replaces, key)
			}
		}
	}
	sort.Strings(replaces)
	return replaces
}

// unready says whether a Job with the annotation pulumi.com/replaceUnready has not succeeded.
func (p *kubeProvider) unready(ctx context.Context, urn resource.URN, live *unstructured.Unstructured) bool {
	if p.unreachable != "" {
		p.report(diag.Warning, urn, "Cluster is unreachable, skipping replaceUnready check")
		return false
	}
	if live.GetKind() != "Job" {
		p.report(diag.Warning, urn, "replaceUnready annotation is not supported for this resource")
		return false
	}
	client, err := p.cluster.clientFor(live)
	if err != nil {
		return false
	}
	now, err := client.Get(ctx, live.GetName(), metav1.GetOptions{})
	if err != nil {
		return false
	}
	job := newJobWait(now)
	job.observe(kindJob, false, now)
	return !job.done()
}
