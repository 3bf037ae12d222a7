package kubernetes

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// apply sends a server-side apply patch, see
// https://kubernetes.io/docs/reference/using-api/server-side-apply/
func apply(ctx context.Context, client dynamic.ResourceInterface, inputs *unstructured.Unstructured,
	name, manager string, force, preview bool,
) (*unstructured.Unstructured, error) {
	body, err := json.Marshal(inputs.Object)
	if err != nil {
		return nil, err
	}
	options := metav1.PatchOptions{FieldManager: manager, Force: &force}
	if preview {
		options.DryRun = []string{metav1.DryRunAll}
	}
	live, err := client.Patch(ctx, name, types.ApplyPatchType, body, options)
	return live, conflictAdvice(err, manager)
}

// predecessors wrote fields that the resource's own manager takes over at its first apply: this
// plugin's creation, Helm's, and those of kubectl.
var predecessors = map[string]map[metav1.ManagedFieldsOperationType]bool{
	"kubectl":                    {metav1.ManagedFieldsOperationApply: true, metav1.ManagedFieldsOperationUpdate: true},
	"before-first-apply":         {metav1.ManagedFieldsOperationUpdate: true},
	creator:                      {metav1.ManagedFieldsOperationUpdate: true},
	"pulumi-kubernetes.exe":      {metav1.ManagedFieldsOperationUpdate: true},
	"pulumi-resource-kubernetes": {metav1.ManagedFieldsOperationUpdate: true},
}

// takeOver rewrites managedFields so that the manager owns what its predecessors set. Without it,
// a field that is dropped from the inputs would stay on the server.
func takeOver(ctx context.Context, client dynamic.ResourceInterface, live *unstructured.Unstructured, manager string,
) (*unstructured.Unstructured, error) {
	kept, owned, changed, err := mergeManagers(live.GetManagedFields(), manager, live.GetAPIVersion())
	if err != nil {
		return nil, fmt.Errorf("managedFields of %s %q: %w", live.GetKind(), live.GetName(), err)
	}
	if !changed {
		return live, nil
	}
	patch, err := json.Marshal([]map[string]any{
		{"op": "replace", "path": "/metadata/managedFields", "value": append(kept, owned)},
		// The patch fails if the object has changed in between.
		{"op": "replace", "path": "/metadata/resourceVersion", "value": live.GetResourceVersion()},
	})
	if err != nil {
		return nil, err
	}
	return client.Patch(ctx, live.GetName(), types.JSONPatchType, patch, metav1.PatchOptions{})
}

// mergeManagers unites the entries of predecessors and of the manager; the others are kept.
func mergeManagers(entries []metav1.ManagedFieldsEntry, manager, apiVersion string,
) (kept []metav1.ManagedFieldsEntry, owned metav1.ManagedFieldsEntry, changed bool, err error) {
	fields := &fieldpath.Set{}
	owned = metav1.ManagedFieldsEntry{
		Manager: manager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: apiVersion, FieldsType: "FieldsV1",
	}
	for _, entry := range entries {
		own := entry.Manager == manager && entry.Operation == metav1.ManagedFieldsOperationApply
		inherited := predecessors[entry.Manager][entry.Operation]
		if entry.Subresource != "" || !own && !inherited {
			kept = append(kept, entry)
			continue
		}
		set, err := fieldSet(entry)
		if err != nil {
			return nil, owned, false, err
		}
		fields = fields.Union(set)
		changed = changed || inherited
		if owned.Time == nil || own {
			owned.Time, owned.APIVersion = entry.Time, entry.APIVersion
		}
	}
	raw, err := fields.ToJSON()
	if err != nil {
		return nil, owned, false, err
	}
	owned.FieldsV1 = &metav1.FieldsV1{Raw: raw}
	return kept, owned, changed, nil
}

func fieldSet(entry metav1.ManagedFieldsEntry) (*fieldpath.Set, error) {
	set := &fieldpath.Set{}
	if entry.FieldsV1 == nil {
		return set, nil
	}
	return set, set.FromJSON(bytes.NewReader(entry.FieldsV1.Raw))
}

// forced says whether an apply takes fields from other managers. A preview does as long as the
// object has not been through takeOver, which a preview cannot do.
func (p *kubeProvider) forced(inputs, live *unstructured.Unstructured, preview bool) bool {
	if annotated(inputs, patchForce) || p.settings.patchForce || len(live.GetManagedFields()) == 0 {
		return true
	}
	if preview {
		for _, entry := range live.GetManagedFields() {
			own := entry.Manager == creator || entry.Manager == "pulumi-resource-kubernetes"
			if own && entry.Operation == metav1.ManagedFieldsOperationUpdate {
				return true
			}
		}
	}
	return false
}

// leaveIgnored gives ignored fields (resource option ignoreChanges) the value they have on the
// server, or leaves them out where another manager alone owns them.
func leaveIgnored(inputs, live *unstructured.Unstructured, manager string, ignored []string) error {
	if len(ignored) == 0 {
		return nil
	}
	ours, theirs := &fieldpath.Set{}, &fieldpath.Set{}
	for _, entry := range live.GetManagedFields() {
		set, err := fieldSet(entry)
		if err != nil {
			return fmt.Errorf("unable to parse managed fields from resource %q: %w", live.GetName(), err)
		}
		if entry.Manager == manager {
			ours = ours.Union(set)
		} else {
			theirs = theirs.Union(set)
		}
	}
	for _, text := range ignored {
		parsed, err := resource.ParsePropertyPath(text)
		if err != nil {
			return fmt.Errorf("unable to parse ignoreField path %q: %w", text, err)
		}
		names, path := []string{}, fieldpath.Path{}
		for _, element := range parsed {
			name, ok := element.(string)
			if !ok {
				return fmt.Errorf("ignoreChanges %q: a path into a list is not supported; ignore the whole list", text)
			}
			names = append(names, name)
			path = append(path, fieldpath.PathElement{FieldName: &name})
		}
		if owns(theirs, path) && !owns(ours, path) {
			unstructured.RemoveNestedField(inputs.Object, names...)
			continue
		}
		value, found, err := unstructured.NestedFieldCopy(live.Object, names...)
		if err != nil {
			return fmt.Errorf("unable to parse field to ignore %q from live object: %w", text, err)
		}
		if found {
			if err := unstructured.SetNestedField(inputs.Object, value, names...); err != nil {
				return fmt.Errorf("unable to set field %q with last used value %q: %w", text, value, err)
			}
		}
	}
	return nil
}

// owns says whether a set holds the path or anything below it.
func owns(set *fieldpath.Set, path fieldpath.Path) bool {
	if set.Has(path) {
		return true
	}
	for _, element := range path {
		set = set.WithPrefix(element)
	}
	return !set.Empty()
}
