package manifests

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
)

//go:embed snapshot-controller.yaml
var snapshotController []byte

// Schemas of snapshot.storage.k8s.io; see snapshots/NOTICE.md.
//
//go:embed snapshots/*.json
var snapshotSchemas embed.FS

// snapshotKinds is what the chart rke2-snapshot-controller-crd brings: the kinds of snapshots, and with open schemas those of
// groups of snapshots, in the versions that releases from v1.35.3 on have (rke2-charts, packages/rke2-snapshot-controller-crd).
func snapshotKinds() []byte {
	kinds := []struct {
		group, kind, scope string
		versions           []string
		schema             bool
	}{
		{"snapshot.storage.k8s.io", "VolumeSnapshot", "Namespaced", []string{"v1"}, true},
		{"snapshot.storage.k8s.io", "VolumeSnapshotClass", "Cluster", []string{"v1"}, true},
		{"snapshot.storage.k8s.io", "VolumeSnapshotContent", "Cluster", []string{"v1"}, true},
		{"groupsnapshot.storage.k8s.io", "VolumeGroupSnapshot", "Namespaced", []string{"v1beta2", "v1beta1"}, false},
		{"groupsnapshot.storage.k8s.io", "VolumeGroupSnapshotClass", "Cluster", []string{"v1beta2", "v1beta1"}, false},
		{"groupsnapshot.storage.k8s.io", "VolumeGroupSnapshotContent", "Cluster", []string{"v1beta2", "v1beta1"}, false},
	}
	var documents []string
	for _, one := range kinds {
		singular := strings.ToLower(one.kind)
		plural := strings.TrimSuffix(singular, "class") + "s"
		if strings.HasSuffix(singular, "class") {
			plural = singular + "es"
		}
		var versions []any
		for i, version := range one.versions {
			versions = append(versions, map[string]any{
				"name": version, "served": true, "storage": i == 0, "subresources": map[string]any{"status": map[string]any{}},
				"schema": map[string]any{"openAPIV3Schema": snapshotSchema(one.schema, singular)},
			})
		}
		text, err := json.Marshal(map[string]any{
			"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
			"metadata": map[string]any{
				"name":        plural + "." + one.group,
				"annotations": map[string]any{"api-approved.kubernetes.io": "https://github.com/kubernetes-csi/external-snapshotter/pull/814"},
			},
			"spec": map[string]any{
				"group": one.group, "scope": one.scope, "versions": versions,
				"names": map[string]any{"kind": one.kind, "listKind": one.kind + "List", "plural": plural, "singular": singular},
			},
		})
		if err != nil {
			panic(fmt.Sprintf("definition of %s: %v", one.kind, err))
		}
		documents = append(documents, string(text))
	}
	return []byte(strings.Join(documents, "\n---\n"))
}

func snapshotSchema(known bool, singular string) any {
	if !known {
		return map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	}
	content, err := snapshotSchemas.ReadFile("snapshots/" + singular + ".json")
	if err != nil {
		panic(err)
	}
	return json.RawMessage(content)
}
