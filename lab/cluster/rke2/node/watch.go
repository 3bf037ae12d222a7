package node

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// Watch reconciles every Node until ctx ends; the leading server runs it.
func Watch(ctx context.Context, client kubernetes.Interface, members Members, log *slog.Logger) error {
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())
	stop := context.AfterFunc(ctx, queue.ShutDown)
	defer stop()
	factory := informers.NewSharedInformerFactory(client, 10*time.Minute)
	informer := factory.Core().V1().Nodes()
	enqueue := func(object any) {
		if n, ok := object.(*corev1.Node); ok {
			queue.Add(n.Name)
		}
	}
	if _, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    enqueue,
		UpdateFunc: func(_, object any) { enqueue(object) },
	}); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	cache.WaitForCacheSync(ctx.Done(), informer.Informer().HasSynced)
	for {
		name, shutdown := queue.Get()
		if shutdown {
			return nil
		}
		node, err := informer.Lister().Get(name)
		if err == nil {
			err = Reconcile(ctx, client, members, node)
		}
		switch {
		case err == nil || apierrors.IsNotFound(err):
			queue.Forget(name)
		default:
			if !apierrors.IsConflict(err) && ctx.Err() == nil {
				log.Error(fmt.Sprintf("node %s: %v", name, err))
			}
			queue.AddRateLimited(name)
		}
		queue.Done(name)
	}
}
