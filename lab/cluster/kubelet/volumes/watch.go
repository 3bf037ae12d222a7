package volumes

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

const (
	// claimsEvery is how often claims are looked at for an expansion.
	claimsEvery = 5 * time.Second
	// again is the pause after a failed update.
	again = time.Second
)

// Follow keeps the files of ConfigMaps, Secrets, fields and tokens up to date until ctx ends. An object
// that goes away leaves its files, as with the kubelet. changed tells of changes of the pod itself.
// Unlike a kubelet's, which takes up to a minute, an update comes at once.
func (v *Volumes) Follow(ctx context.Context, changed <-chan *corev1.Pod, failed func(error)) {
	seen := make(chan struct{}, 1)
	notice := func(any) {
		select {
		case seen <- struct{}{}:
		default:
		}
	}
	for _, source := range v.sources() {
		_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
			ListerWatcher: cache.ToListWatcherWithWatchListSemantics(source.listerWatcher, v.client), ObjectType: source.kind,
			Handler: cache.ResourceEventHandlerFuncs{AddFunc: notice, UpdateFunc: func(_, object any) { notice(object) }},
		})
		go informer.RunWithContext(ctx)
	}
	ticker := time.NewTicker(claimsEvery)
	defer ticker.Stop()
	for {
		var renewal <-chan time.Time
		if due := v.due(); !due.IsZero() {
			renewal = time.After(time.Until(due))
		}
		select {
		case <-ctx.Done():
			return
		case pod := <-changed:
			v.mu.Lock()
			v.pod = pod
			v.mu.Unlock()
		case <-seen:
		case <-renewal:
		case <-ticker.C:
			if len(v.claims) == 0 {
				continue
			}
		}
		if err := v.SetUp(ctx); err != nil && ctx.Err() == nil {
			failed(err)
			select {
			case <-ctx.Done():
			case <-time.After(again):
			}
		}
	}
}

// source is one object of the API that volumes are made of.
type source struct {
	listerWatcher *cache.ListWatch
	kind          runtime.Object
}

func (v *Volumes) sources() (list []source) {
	var configMaps, secrets []string
	for _, volume := range v.pod.Spec.Volumes {
		if volume.ConfigMap != nil {
			configMaps = append(configMaps, volume.ConfigMap.Name)
		}
		if volume.Secret != nil {
			secrets = append(secrets, volume.Secret.SecretName)
		}
		if volume.Projected == nil {
			continue
		}
		for _, projection := range volume.Projected.Sources {
			if projection.ConfigMap != nil {
				configMaps = append(configMaps, projection.ConfigMap.Name)
			}
			if projection.Secret != nil {
				secrets = append(secrets, projection.Secret.Name)
			}
		}
	}
	core := v.client.CoreV1()
	for _, name := range configMaps {
		objects := core.ConfigMaps(v.pod.Namespace)
		list = append(list, source{kind: &corev1.ConfigMap{}, listerWatcher: one(name,
			func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return objects.List(ctx, o) }, objects.Watch)})
	}
	for _, name := range secrets {
		objects := core.Secrets(v.pod.Namespace)
		list = append(list, source{kind: &corev1.Secret{}, listerWatcher: one(name,
			func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return objects.List(ctx, o) }, objects.Watch)})
	}
	return list
}

// one lists and watches a single object by its name, which is all that a node may do.
func one(
	name string, list func(context.Context, metav1.ListOptions) (runtime.Object, error),
	follow func(context.Context, metav1.ListOptions) (watch.Interface, error),
) *cache.ListWatch {
	selector := fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = selector
			return list(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = selector
			return follow(ctx, o)
		},
	}
}
