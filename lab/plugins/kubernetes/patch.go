package kubernetes

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// isPatch says whether a resource writes some fields of an object that is somebody else's, such as
// kubernetes:core/v1:NodePatch; kind is that of the object, so that a custom kind whose name ends in
// Patch is none.
func isPatch(urn resource.URN, kind string) bool {
	return kind+"Patch" == string(urn.Type().Name())
}

// relinquish gives up every field that the manager owns of an object: an apply without fields.
func (p *kubeProvider) relinquish(object *unstructured.Unstructured, name, manager string) error {
	client, err := p.cluster.clientFor(object)
	if err != nil {
		return err
	}
	empty := &unstructured.Unstructured{Object: map[string]any{}}
	empty.SetGroupVersionKind(object.GroupVersionKind())
	empty.SetName(name)
	if namespace := object.GetNamespace(); namespace != "" {
		empty.SetNamespace(namespace)
	}
	_, err = apply(p.life, client, empty, name, manager, false, false)
	return err
}
