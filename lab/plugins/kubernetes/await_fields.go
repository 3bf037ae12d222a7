package kubernetes

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// condition is one entry of status.conditions.
type condition struct {
	kind, status, reason, message string
	fields                        map[string]any
}

func conditionsOf(object *unstructured.Unstructured) []condition {
	list, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	var conditions []condition
	for _, element := range list {
		fields, ok := element.(map[string]any)
		if !ok {
			continue
		}
		c := condition{fields: fields}
		c.kind, _ = fields["type"].(string)
		c.status, _ = fields["status"].(string)
		c.reason, _ = fields["reason"].(string)
		c.message, _ = fields["message"].(string)
		conditions = append(conditions, c)
	}
	return conditions
}

func conditionStatus(object *unstructured.Unstructured, kind string) string {
	for _, c := range conditionsOf(object) {
		if strings.EqualFold(c.kind, kind) {
			return c.status
		}
	}
	return ""
}

func text(object *unstructured.Unstructured, path ...string) string {
	value, _, _ := unstructured.NestedString(object.Object, path...)
	return value
}

func count(object *unstructured.Unstructured, path ...string) int64 {
	value, _, _ := unstructured.NestedInt64(object.Object, path...)
	return value
}

// ownedBy follows ownerReferences by uid, or by kind and name where the owner has no uid yet.
func ownedBy(object, owner *unstructured.Unstructured) bool {
	for _, reference := range object.GetOwnerReferences() {
		if owner.GetUID() != "" && reference.UID == owner.GetUID() ||
			owner.GetUID() == "" && reference.Kind == owner.GetKind() && reference.Name == owner.GetName() {
			return true
		}
	}
	return false
}

func keep(objects map[string]*unstructured.Unstructured, key string, deleted bool, object *unstructured.Unstructured) {
	if deleted {
		delete(objects, key)
	} else {
		objects[key] = object
	}
}

// shortName leaves the namespace "default" out.
func shortName(object *unstructured.Unstructured) string {
	if namespace := object.GetNamespace(); namespace != "" && namespace != "default" {
		return namespace + "/" + object.GetName()
	}
	return object.GetName()
}
