package tailscale

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// watch asks for a pass at each change of what the operator looks at, and for the first one. The function that it
// returns waits, after ctx has ended, until nothing is watched any more.
func (o *operator) watch(ctx context.Context) (func(), error) {
	custom := dynamicinformer.NewDynamicSharedInformerFactory(o.dynamic, 0)
	everywhere := informers.NewSharedInformerFactory(o.client, 0)
	own := informers.NewSharedInformerFactoryWithOptions(o.client, 0, informers.WithNamespace(o.settings.namespace),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = labelManaged + "=true" }))
	shutdown := func() {
		custom.Shutdown()
		everywhere.Shutdown()
		own.Shutdown()
	}
	watched := []cache.SharedIndexInformer{
		own.Core().V1().Secrets().Informer(), own.Apps().V1().StatefulSets().Informer(), own.Core().V1().Pods().Informer(),
		own.Discovery().V1().EndpointSlices().Informer(),
		everywhere.Core().V1().Services().Informer(), everywhere.Networking().V1().Ingresses().Informer(),
		custom.ForResource(connectors).Informer(), custom.ForResource(dnsConfigs).Informer(),
		custom.ForResource(proxyClasses).Informer(), custom.ForResource(proxyGroups).Informer(),
	}
	for _, one := range notPlayed {
		watched = append(watched, custom.ForResource(kind(one.plural)).Informer())
	}
	_, failed := o.changed.Watch(watched...)
	custom.Start(ctx.Done())
	everywhere.Start(ctx.Done())
	own.Start(ctx.Done())
	o.changed.Notify()
	return shutdown, failed
}
