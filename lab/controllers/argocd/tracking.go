package main

import (
	"fmt"
	"strings"

	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// trackingAnnotation says which Application an object is of. It is the method of Argo CD 3, the only one that is played.
const trackingAnnotation = "argocd.argoproj.io/tracking-id"

// track marks an object as an Application's (util/argo/resource_tracking.go). Custom resource definitions get no mark.
func track(object *unstructured.Unstructured, app, namespace string) {
	if kube.IsCRD(object) {
		return
	}
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[trackingAnnotation] = trackingID(object, app, namespace)
	object.SetAnnotations(annotations)
}

func trackingID(object *unstructured.Unstructured, app, namespace string) string {
	if own := object.GetNamespace(); own != "" {
		namespace = own
	}
	kind := object.GroupVersionKind()
	return fmt.Sprintf("%s:%s/%s:%s/%s", app, kind.Group, kind.Kind, namespace, object.GetName())
}

// appOf is the Application that an object is marked for, or empty.
func appOf(object *unstructured.Unstructured) string {
	parts := strings.SplitN(object.GetAnnotations()[trackingAnnotation], ":", 3)
	if len(parts) != 3 {
		return ""
	}
	return parts[0]
}

// itself is whether an object's mark speaks of the object, and not of another that it was copied from
// (controller/state.go, isSelfReferencedObj).
func itself(live, target *unstructured.Unstructured) bool {
	if live == nil || target != nil {
		return true
	}
	parts := strings.SplitN(live.GetAnnotations()[trackingAnnotation], ":", 3)
	if len(parts) != 3 {
		return true
	}
	kind := live.GroupVersionKind()
	namespace, name, _ := strings.Cut(parts[2], "/")
	return parts[1] == kind.Group+"/"+kind.Kind && name == live.GetName() &&
		(live.GetNamespace() == "" || namespace == live.GetNamespace())
}
