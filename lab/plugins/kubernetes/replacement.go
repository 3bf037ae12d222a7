package kubernetes

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// replacingFields lists, by kind, the fields that the API server does not let change. The list is
// the official plugin's, which is not complete: what it leaves out is sent as an update and
// rejected by the server.
func (p *kubeProvider) replacingFields(object *unstructured.Unstructured) []string {
	fields := []string{".metadata.name", ".metadata.namespace"}
	fixed, _, _ := unstructured.NestedBool(object.Object, "immutable")
	switch {
	case isSecret(object) && (!p.settings.mutableSecret || fixed):
		return append(fields, ".type", ".stringData", ".data")
	case isConfigMap(object) && (!p.settings.mutableConfigMap || fixed):
		return append(fields, ".binaryData", ".data")
	}
	return append(fields, replacingByKind[object.GroupVersionKind().GroupKind()]...)
}

var replacingByKind = map[schema.GroupKind][]string{
	{Group: "apps", Kind: "DaemonSet"}:  {".spec.selector"},
	{Group: "apps", Kind: "Deployment"}: {".spec.selector"},
	{Group: "apps", Kind: "StatefulSet"}: {
		".spec.podManagementPolicy", ".spec.revisionHistoryLimit", ".spec.selector",
		".spec.serviceName", ".spec.volumeClaimTemplates",
	},
	{Group: "batch", Kind: "Job"}: {
		".spec.completions", ".spec.parallelism", ".spec.selector", ".spec.template",
	},
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}: {".roleRef"},
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:        {".roleRef"},
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                  {".parameters", ".provisioner"},
	{Kind: "PersistentVolume"}: under(".spec.", "awsElasticBlockStore", "azureDisk", "azureFile",
		"cephfs", "cinder", "csi", "fc", "flexVolume", "flocker", "gcePersistentDisk", "glusterfs",
		"hostPath", "iscsi", "local", "nfs", "photonPersistentDisk", "portworxVolume", "quobyte",
		"rbd", "scaleIO", "storageos", "vsphereVolume"),
	{Kind: "PersistentVolumeClaim"}: under(".spec.", "accessModes", "selector", "storageClassName", "volumeName"),
	{Kind: "ResourceQuota"}:         {".spec.scopes"},
	{Kind: "Secret"}:                {".type"},
	{Kind: "Service"}:               {".spec.clusterIP"},
}

func under(prefix string, names ...string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = prefix + name
	}
	return paths
}
