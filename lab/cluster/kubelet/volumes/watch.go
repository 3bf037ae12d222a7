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
// that goes away leaves its files, as with the kubelet. changed tells of changes of the pod's labels and annotations.
// Unlike a kubelet's, which takes up to a minute, an update comes at once.
func (v *Volumes) Follow(ctx context.Context, changed <-chan struct{}, failed func(error)) {
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
		setUp := v.SetUp
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-seen:
		case <-renewal:
		case <-ticker.C:
			setUp = v.setUpClaims
		}
		if err := setUp(ctx); err != nil && ctx.Err() == nil {
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
	configMaps, secrets := v.client.CoreV1().ConfigMaps(v.pod.Namespace), v.client.CoreV1().Secrets(v.pod.Namespace)
	for _, volume := range v.pod.Spec.Volumes {
		sources, _, _ := projections(volume)
		for _, projection := range sources {
			switch {
			case projection.ConfigMap != nil:
				list = append(list, source{kind: &corev1.ConfigMap{}, listerWatcher: one(projection.ConfigMap.Name,
					func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
						return configMaps.List(ctx, o)
					}, configMaps.Watch)})
			case projection.Secret != nil:
				list = append(list, source{kind: &corev1.Secret{}, listerWatcher: one(projection.Secret.Name,
					func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) { return secrets.List(ctx, o) }, secrets.Watch)})
			}
		}
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
