package kubernetes

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// splitToken gives "core/v1" and "ConfigMap" for "kubernetes:core/v1:ConfigMap".
func splitToken(token string) (groupVersion, kind string) {
	parts := strings.Split(token, ":")
	if len(parts) != 3 {
		return "", ""
	}
	return parts[1], parts[2]
}

// kindOf gives the API kind that a resource's type token names.
func kindOf(urn resource.URN) (schema.GroupVersionKind, error) {
	groupVersion, kind := splitToken(string(urn.Type()))
	group, version, found := strings.Cut(groupVersion, "/")
	if !found || kind == "" {
		return schema.GroupVersionKind{}, fmt.Errorf(
			"%s: the type must have the form kubernetes:GROUP/VERSION:Kind, for example kubernetes:core/v1:ConfigMap",
			urn.Type())
	}
	if group == "core" {
		group = ""
	}
	gvk := schema.GroupVersionKind{Group: group, Version: version, Kind: kind}
	if builtIn(gvk.GroupVersion()) {
		// No built-in kind's name ends so: it is the Patch resource of another.
		gvk.Kind = strings.TrimSuffix(kind, "Patch")
	}
	return gvk, nil
}

// builtIn says whether a group and version are Kubernetes' own, so that their Go types are known.
func builtIn(gv schema.GroupVersion) bool {
	return scheme.Scheme.IsVersionRegistered(gv) ||
		gv == (schema.GroupVersion{Group: "apiextensions.k8s.io", Version: "v1"}) ||
		gv == (schema.GroupVersion{Group: "apiregistration.k8s.io", Version: "v1"})
}

// clusterScoped holds the built-in kinds without a namespace. Names are unique over the groups.
var clusterScoped = map[string]bool{
	"APIService": true, "CSIDriver": true, "CSINode": true, "CertificateSigningRequest": true,
	"ClusterRole": true, "ClusterRoleBinding": true, "ClusterTrustBundle": true,
	"ComponentStatus": true, "CustomResourceDefinition": true, "DeviceClass": true,
	"DeviceTaintRule": true, "FlowSchema": true, "IPAddress": true, "IngressClass": true,
	"MutatingAdmissionPolicy": true, "MutatingAdmissionPolicyBinding": true,
	"MutatingWebhookConfiguration": true, "Namespace": true, "Node": true, "PersistentVolume": true,
	"PriorityClass": true, "PriorityLevelConfiguration": true, "ResourceSlice": true,
	"RuntimeClass": true, "SelfSubjectAccessReview": true, "SelfSubjectReview": true,
	"SelfSubjectRulesReview": true, "ServiceCIDR": true, "StorageClass": true,
	"StorageVersion": true, "StorageVersionMigration": true, "SubjectAccessReview": true,
	"TokenReview": true, "ValidatingAdmissionPolicy": true, "ValidatingAdmissionPolicyBinding": true,
	"ValidatingWebhookConfiguration": true, "VolumeAttachment": true, "VolumeAttributesClass": true,
}

// namespaced says whether objects of a kind live in a namespace. A kind that nobody knows yet,
// usually a custom resource before its definition, counts as namespaced: the server drops the
// namespace if it does not apply.
func (p *kubeProvider) namespaced(gvk schema.GroupVersionKind) bool {
	if builtIn(gvk.GroupVersion()) {
		return !clusterScoped[gvk.Kind]
	}
	if namespaced, known := p.definitions.lookup(gvk.Group, gvk.Kind); known {
		return namespaced
	}
	if p.cluster == nil {
		return true
	}
	namespaced, err := p.cluster.namespaced(gvk)
	return err != nil || namespaced
}

// isListKind tells the List form of a kind (ConfigMapList) from kinds that merely end so.
func isListKind(kind string) bool {
	return strings.HasSuffix(kind, "List") && kind != "List"
}
