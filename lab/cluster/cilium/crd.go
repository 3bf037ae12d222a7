package cilium

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

//go:embed crds/*.json
var schemas embed.FS

var definitions = schema.GroupVersionResource{
	Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
}

// schemaVersion labels the definitions, as Cilium does to tell older ones.
const schemaVersion = "1.19.6"

// definition is one kind that the operator installs. A kind without a schema file is open.
type definition struct {
	kind, plural, singular, version string
	shortNames                      []string
	namespaced                      bool
	file                            string
}

var kinds = []definition{
	{"CiliumNode", "ciliumnodes", "ciliumnode", "v2", []string{"cn", "ciliumn"}, false, ""},
	{"CiliumIdentity", "ciliumidentities", "ciliumidentity", "v2", []string{"ciliumid"}, false, ""},
	{"CiliumEndpoint", "ciliumendpoints", "ciliumendpoint", "v2", []string{"cep", "ciliumep"}, true, ""},
	{"CiliumBGPNodeConfig", "ciliumbgpnodeconfigs", "ciliumbgpnodeconfig", "v2", []string{"cbgpnode"}, false, ""},
	{"CiliumBGPNodeConfigOverride", "ciliumbgpnodeconfigoverrides", "ciliumbgpnodeconfigoverride", "v2", []string{"cbgpnodeoverride"}, false, "ciliumbgpnodeconfigoverride_v2"},
	{"CiliumBGPClusterConfig", "ciliumbgpclusterconfigs", "ciliumbgpclusterconfig", "v2", []string{"cbgpcluster"}, false, "ciliumbgpclusterconfig_v2"},
	{"CiliumBGPPeerConfig", "ciliumbgppeerconfigs", "ciliumbgppeerconfig", "v2", []string{"cbgppeer"}, false, "ciliumbgppeerconfig_v2"},
	{"CiliumBGPAdvertisement", "ciliumbgpadvertisements", "ciliumbgpadvertisement", "v2", []string{"cbgpadvert"}, false, "ciliumbgpadvertisement_v2"},
	{"CiliumLoadBalancerIPPool", "ciliumloadbalancerippools", "ciliumloadbalancerippool", "v2", []string{"ippools", "ippool", "lbippool", "lbippools"}, false, "ciliumloadbalancerippool_v2"},
	{"CiliumNetworkPolicy", "ciliumnetworkpolicies", "ciliumnetworkpolicy", "v2", []string{"cnp", "ciliumnp"}, true, "ciliumnetworkpolicy_v2"},
	{"CiliumClusterwideNetworkPolicy", "ciliumclusterwidenetworkpolicies", "ciliumclusterwidenetworkpolicy", "v2", []string{"ccnp"}, false, "ciliumclusterwidenetworkpolicy_v2"},
	{"CiliumLocalRedirectPolicy", "ciliumlocalredirectpolicies", "ciliumlocalredirectpolicy", "v2", []string{"clrp"}, true, "ciliumlocalredirectpolicy_v2"},
	{"CiliumL2AnnouncementPolicy", "ciliuml2announcementpolicies", "ciliuml2announcementpolicy", "v2alpha1", []string{"l2announcement"}, false, "ciliuml2announcementpolicy_v2alpha1"},
}

// installDefinitions creates or updates every CRD and waits until the API serves them all.
func installDefinitions(ctx context.Context, client dynamic.Interface) error {
	for _, kind := range kinds {
		wanted, err := kind.object()
		if err != nil {
			return err
		}
		if err := put(ctx, client, wanted); err != nil {
			return fmt.Errorf("cannot install the CRD %s: %w", wanted.GetName(), err)
		}
	}
	for _, kind := range kinds {
		if err := awaitEstablished(ctx, client, kind.plural+"."+group); err != nil {
			return fmt.Errorf("the CRD %s was not established: %w", kind.plural, err)
		}
	}
	return nil
}

func put(ctx context.Context, client dynamic.Interface, wanted *unstructured.Unstructured) error {
	crds := client.Resource(definitions)
	current, err := crds.Get(ctx, wanted.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = crds.Create(ctx, wanted, metav1.CreateOptions{})
		return err
	}
	if err != nil || current.GetLabels()["io.cilium.k8s.crd.schema.version"] == schemaVersion {
		return err
	}
	wanted.SetResourceVersion(current.GetResourceVersion())
	_, err = crds.Update(ctx, wanted, metav1.UpdateOptions{})
	return err
}

// awaitEstablished follows one definition until its condition Established is True.
func awaitEstablished(ctx context.Context, client dynamic.Interface, name string) error {
	byName := metav1.ListOptions{FieldSelector: "metadata.name=" + name}
	watcher, err := client.Resource(definitions).Watch(ctx, byName)
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		if event.Type == watch.Error || !ok {
			return apierrors.FromObject(event.Object)
		}
		if established(object) {
			return nil
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("the watch ended early")
}

// established reads the condition; a definition just created has null in the place of conditions.
func established(object *unstructured.Unstructured) bool {
	status, ok := object.Object["status"].(map[string]any)
	if !ok {
		return false
	}
	conditions, ok := status["conditions"].([]any)
	return ok && slices.ContainsFunc(conditions, func(item any) bool {
		condition, ok := item.(map[string]any)
		return ok && condition["type"] == "Established" && condition["status"] == "True"
	})
}

func (d definition) object() (*unstructured.Unstructured, error) {
	structure := map[string]any{
		"type": "object", "x-kubernetes-preserve-unknown-fields": true,
	}
	status := true
	if d.file != "" {
		text, err := schemas.ReadFile("crds/" + d.file + ".json")
		if err != nil {
			return nil, err
		}
		structure = map[string]any{}
		if err := json.Unmarshal(text, &structure); err != nil {
			return nil, fmt.Errorf("%s: %w", d.file, err)
		}
		structure = structural(structure).(map[string]any)
		_, status = structure["properties"].(map[string]any)["status"]
	}
	version := map[string]any{
		"name": d.version, "served": true, "storage": true,
		"schema": map[string]any{"openAPIV3Schema": structure},
	}
	if status && d.kind != "CiliumEndpoint" {
		version["subresources"] = map[string]any{"status": map[string]any{}}
	}
	scope := "Cluster"
	if d.namespaced {
		scope = "Namespaced"
	}
	return encode(map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{
			"name":   d.plural + "." + group,
			"labels": map[string]string{"io.cilium.k8s.crd.schema.version": schemaVersion},
		},
		"spec": map[string]any{
			"group": group, "scope": scope, "versions": []any{version},
			"names": map[string]any{
				"kind": d.kind, "listKind": d.kind + "List", "plural": d.plural, "singular": d.singular,
				"shortNames": d.shortNames, "categories": []string{"cilium"},
			},
		},
	})
}

// structural turns a JSON schema into the structural form that a CRD needs
// (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema):
// closed objects become pruned ones, and what only a plain validator reads is dropped.
func structural(node any) any {
	switch value := node.(type) {
	case []any:
		for i := range value {
			value[i] = structural(value[i])
		}
	case map[string]any:
		if value["additionalProperties"] == false {
			delete(value, "additionalProperties")
		}
		if value["format"] == "idn-hostname" {
			delete(value, "format")
		}
		if value["x-kubernetes-int-or-string"] == true {
			delete(value, "type")
		}
		for key := range value {
			if strings.HasPrefix(key, "$") {
				delete(value, key)
				continue
			}
			if key != "default" && key != "enum" {
				value[key] = structural(value[key])
			}
		}
	}
	return node
}
