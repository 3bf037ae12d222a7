package cilium

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/passes"
)

const group = "cilium.io"

func resource(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: "v2", Resource: plural}
}

var (
	ciliumNodes         = resource("ciliumnodes")
	bgpClusterConfigs   = resource("ciliumbgpclusterconfigs")
	bgpNodeConfigs      = resource("ciliumbgpnodeconfigs")
	bgpNodeOverrides    = resource("ciliumbgpnodeconfigoverrides")
	bgpPeerConfigs      = resource("ciliumbgppeerconfigs")
	bgpAdvertisements   = resource("ciliumbgpadvertisements")
	loadBalancerPools   = resource("ciliumloadbalancerippools")
	networkPolicies     = resource("ciliumnetworkpolicies")
	clusterwidePolicies = resource("ciliumclusterwidenetworkpolicies")
	l2Policies          = schema.GroupVersionResource{Group: group, Version: "v2alpha1", Resource: "ciliuml2announcementpolicies"}
	localRedirects      = resource("ciliumlocalredirectpolicies")
)

// cluster is a program's view of the API: clients and the caches that it reacts to.
type cluster struct {
	client  kubernetes.Interface
	dynamic dynamic.Interface
	core    informers.SharedInformerFactory
	custom  dynamicinformer.DynamicSharedInformerFactory
	synced  []cache.InformerSynced
	changed passes.Changes
	// read are the policies of the last pass.
	read map[*unstructured.Unstructured]readPolicy
}

func newCluster(c program.Container) (*cluster, error) {
	client, custom, err := c.Clients()
	if err != nil {
		return nil, err
	}
	return &cluster{
		client: client, dynamic: custom,
		core:    informers.NewSharedInformerFactory(client, 0),
		custom:  dynamicinformer.NewDynamicSharedInformerFactory(custom, 0),
		changed: passes.NewChanges(),
	}, nil
}

// follow makes every change of the informer's objects ask for a pass.
func (c *cluster) follow(informer cache.SharedIndexInformer) error {
	synced, err := c.changed.Watch(informer)
	c.synced = append(c.synced, synced...)
	return err
}

func (c *cluster) followCustom(resources ...schema.GroupVersionResource) error {
	for _, kind := range resources {
		if err := c.follow(c.custom.ForResource(kind).Informer()); err != nil {
			return err
		}
	}
	return nil
}

// start runs the informers until ctx ends and waits until their caches are filled.
func (c *cluster) start(ctx context.Context) error {
	c.core.Start(ctx.Done())
	c.custom.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), c.synced...) {
		return ctx.Err()
	}
	c.changed.Notify()
	return nil
}

// list decodes every cached object of a kind into T.
func list[T any](c *cluster, kind schema.GroupVersionResource) ([]T, error) {
	var decoded []T
	for _, item := range c.custom.ForResource(kind).Informer().GetStore().List() {
		one, err := decode[T](item)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind.Resource, err)
		}
		decoded = append(decoded, one)
	}
	return decoded, nil
}

// find decodes the named cluster-scoped object; ok is false if the cache has none.
func find[T any](c *cluster, kind schema.GroupVersionResource, name string) (found T, ok bool, err error) {
	item, ok, err := c.custom.ForResource(kind).Informer().GetStore().GetByKey(name)
	if err != nil || !ok {
		return found, false, err
	}
	found, err = decode[T](item)
	return found, err == nil, err
}

func decode[T any](item any) (decoded T, err error) {
	object, ok := item.(*unstructured.Unstructured)
	if !ok {
		return decoded, fmt.Errorf("the cache holds a %T", item)
	}
	err = runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &decoded)
	return decoded, err
}

// encode turns a typed object into the form that the dynamic client sends.
func encode(object any) (*unstructured.Unstructured, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	encoded := &unstructured.Unstructured{}
	return encoded, json.Unmarshal(text, &encoded.Object)
}

// writeStatus replaces the named parts of a cluster-scoped object's status by a patch.
func (c *cluster) writeStatus(ctx context.Context, kind schema.GroupVersionResource, name string, status any) error {
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	_, err = c.dynamic.Resource(kind).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

// updateStatus replaces the whole status by an update, for kinds whose role has no patch.
func (c *cluster) updateStatus(ctx context.Context, kind schema.GroupVersionResource, name string, status any) error {
	object, err := c.dynamic.Resource(kind).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	encoded, err := encode(status)
	if err != nil {
		return err
	}
	object.Object["status"] = encoded.Object
	_, err = c.dynamic.Resource(kind).UpdateStatus(ctx, object, metav1.UpdateOptions{})
	return err
}
