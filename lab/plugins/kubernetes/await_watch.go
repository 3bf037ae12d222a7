package kubernetes

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
)

// Kinds that waits look at.
const (
	kindDeployment  = "Deployment"
	kindReplicaSet  = "ReplicaSet"
	kindStatefulSet = "StatefulSet"
	kindDaemonSet   = "DaemonSet"
	kindPod         = "Pod"
	kindClaim       = "PersistentVolumeClaim"
	kindService     = "Service"
	kindEndpoints   = "Endpoints"
	kindJob         = "Job"
	// kindSelf is the awaited object, whatever its kind.
	kindSelf = "self"
)

var watched = map[string]schema.GroupVersionResource{
	kindDeployment:  {Group: "apps", Version: "v1", Resource: "deployments"},
	kindReplicaSet:  {Group: "apps", Version: "v1", Resource: "replicasets"},
	kindStatefulSet: {Group: "apps", Version: "v1", Resource: "statefulsets"},
	kindDaemonSet:   {Group: "apps", Version: "v1", Resource: "daemonsets"},
	kindPod:         {Version: "v1", Resource: "pods"},
	kindClaim:       {Version: "v1", Resource: "persistentvolumeclaims"},
	kindService:     {Version: "v1", Resource: "services"},
	kindEndpoints:   {Version: "v1", Resource: "endpoints"},
	kindJob:         {Group: "batch", Version: "v1", Resource: "jobs"},
}

var storageClasses = schema.GroupVersionResource{Group: "storage.k8s.io", Version: "v1", Resource: "storageclasses"}

// resync repeats what is known, so that a lost event cannot stop a wait for good.
const resync = time.Minute

// sighting is an object as a watch saw it.
type sighting struct {
	kind    string
	deleted bool
	object  *unstructured.Unstructured
}

// watch sends every object of a kind in the namespace of live, or only the one with the given
// name, and then every change, until ctx ends.
func (p *kubeProvider) watch(ctx context.Context, kind string, live *unstructured.Unstructured, name string,
	out chan<- sighting,
) error {
	target, known := watched[kind]
	namespace := live.GetNamespace()
	if !known {
		mapping, err := p.cluster.mapping(live.GroupVersionKind())
		if err != nil {
			return err
		}
		target = mapping.Resource
	}
	informer := dynamicinformer.NewFilteredDynamicInformer(p.cluster.objects, target, namespace, resync,
		cache.Indexers{}, func(options *metav1.ListOptions) {
			if name != "" {
				options.FieldSelector = fields.OneTermEqualSelector("metadata.name", name).String()
			}
		}).Informer()
	send := func(object any, deleted bool) {
		if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = tombstone.Obj
		}
		if seen, ok := object.(*unstructured.Unstructured); ok {
			select {
			case out <- sighting{kind: kind, deleted: deleted, object: seen.DeepCopy()}:
			case <-ctx.Done():
			}
		}
	}
	if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { send(object, false) },
		UpdateFunc: func(_, object any) { send(object, false) },
		DeleteFunc: func(object any) { send(object, true) },
	}); err != nil {
		return err
	}
	go informer.Run(ctx.Done())
	return nil
}
