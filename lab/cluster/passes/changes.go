package passes

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
)

// Changes asks for passes. Those asked for while one is pending are one.
type Changes chan struct{}

// NewChanges asks for nothing yet.
func NewChanges() Changes { return make(Changes, 1) }

// Notify asks for one more pass.
func (c Changes) Notify() {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Every asks for a pass at once and then every period, until ctx ends.
func (c Changes) Every(ctx context.Context, period time.Duration) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		c.Notify()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Watch asks for a pass at each change of the informers' objects. What it returns tells, one for each
// informer, whether its objects of the beginning have asked.
func (c Changes) Watch(informers ...cache.SharedIndexInformer) (synced []cache.InformerSynced, failed error) {
	for _, informer := range informers {
		registration, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { c.Notify() },
			UpdateFunc: func(_, _ any) { c.Notify() },
			DeleteFunc: func(any) { c.Notify() },
		})
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		synced = append(synced, registration.HasSynced)
	}
	return synced, failed
}

// OverKinds makes a first pass, one at each change of objects of these kinds, and those that are asked for otherwise, until ctx
// ends; see Repeat.
func (c Changes) OverKinds(
	ctx context.Context, client dynamic.Interface, again time.Duration, log Log,
	pass func(context.Context) error, kinds ...schema.GroupVersionResource,
) error {
	factory := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
	defer factory.Shutdown()
	for _, kind := range kinds {
		if _, err := c.Watch(factory.ForResource(kind).Informer()); err != nil {
			return err
		}
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	factory.Start(inner.Done())
	c.Notify()
	Repeat(ctx, c, again, log, pass)
	return nil
}
