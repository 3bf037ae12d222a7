package tailscale

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/record"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/passes"
	"homelab/lab/machines/tailscale/control"
	"homelab/lab/machines/tailscale/control/controltest"
)

const namespace = "tailscale"

var silent = slog.New(slog.NewTextHandler(io.Discard, nil))

// world is an operator with its tailnet and a fake of the cluster's API.
type world struct {
	t       *testing.T
	tailnet *controltest.Tailnet
	client  *fake.Clientset
	// watching gets a value for each watch of Secrets that began.
	watching chan struct{}
	*operator
}

func newWorld(t *testing.T) *world {
	tailnet := controltest.New(t)
	client := fake.NewClientset()
	// The fake does not generate names.
	client.PrependReactor("create", "services", func(action clienttesting.Action) (bool, runtime.Object, error) {
		service := action.(clienttesting.CreateAction).GetObject().(*corev1.Service)
		if service.Name == "" {
			service.Name = service.GenerateName + "x7k2p"
		}
		return false, nil, nil
	})
	w := &world{t: t, tailnet: tailnet, client: client, watching: make(chan struct{}, 10)}
	// The fake loses what changes before a watch began; the API does not.
	client.PrependWatchReactor("secrets", func(action clienttesting.Action) (bool, watch.Interface, error) {
		watcher, err := client.Tracker().Watch(action.GetResource(), action.GetNamespace(), action.(clienttesting.WatchActionImpl).ListOptions)
		w.watching <- struct{}{}
		return true, watcher, err
	})
	lists := map[schema.GroupVersionResource]string{
		connectors: "ConnectorList", dnsConfigs: "DNSConfigList", proxyClasses: "ProxyClassList", proxyGroups: "ProxyGroupList",
		definitions: "CustomResourceDefinitionList", serviceMonitors: "ServiceMonitorList",
	}
	for _, one := range notPlayed {
		lists[kind(one.plural)] = one.plural + "List"
	}
	w.operator = &operator{
		settings: settings{
			namespace: namespace, hostname: "home-operator", tags: []string{"tag:home-operator"}, secret: "operator",
			proxyImage: "tailscale/tailscale:v1.102.3", proxyTags: []string{"tag:k8s"}, ingressClass: "tailscale",
		},
		client: client, dynamic: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists),
		api: newAPI(tailnet.URL, "client", "client-secret"), recorder: record.NewFakeRecorder(20), log: silent,
		changed: passes.NewChanges(), refused: map[string]bool{},
	}
	return w
}

// put creates or updates the Connector by its name.
func (w *world) put(spec connectorSpec) {
	w.t.Helper()
	ctx := context.Background()
	cn := connector{
		TypeMeta:   metav1.TypeMeta{APIVersion: group + "/v1alpha1", Kind: "Connector"},
		ObjectMeta: metav1.ObjectMeta{Name: "home", UID: "uid-home"}, Spec: spec,
	}
	current, err := w.dynamic.Resource(connectors).Get(ctx, "home", metav1.GetOptions{})
	if err == nil {
		cn.Finalizers = current.GetFinalizers()
		if cn.Status = w.get().Status; err != nil {
			w.t.Fatal(err)
		}
	}
	object, encodeErr := encode(cn)
	if encodeErr != nil {
		w.t.Fatal(encodeErr)
	}
	if err != nil {
		_, err = w.dynamic.Resource(connectors).Create(ctx, object, metav1.CreateOptions{})
	} else {
		_, err = w.dynamic.Resource(connectors).Update(ctx, object, metav1.UpdateOptions{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) get() connector {
	w.t.Helper()
	object, err := w.dynamic.Resource(connectors).Get(context.Background(), "home", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	cn, err := decode[connector](object)
	if err != nil {
		w.t.Fatal(err)
	}
	return cn
}

func (w *world) ready() metav1.Condition {
	w.t.Helper()
	condition := meta.FindStatusCondition(w.get().Status.Conditions, connectorReady)
	if condition == nil {
		w.t.Fatal("the Connector has no condition ConnectorReady")
	}
	return *condition
}

func (w *world) secrets() []corev1.Secret {
	w.t.Helper()
	found, err := w.client.CoreV1().Secrets(namespace).List(context.Background(), metav1.ListOptions{LabelSelector: labelManaged})
	if err != nil {
		w.t.Fatal(err)
	}
	return found.Items
}

// proxy is a running proxy; ended gives its error.
type proxy struct {
	cancel context.CancelFunc
	ended  chan error
}

func (p proxy) stop() error {
	p.cancel()
	return <-p.ended
}

// runProxy runs the proxy of the Secret and returns once it is ready.
func (w *world) runProxy(secret string) proxy {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.t.Cleanup(cancel)
	ready, ended := make(chan struct{}), make(chan error, 1)
	container := program.Container{
		Pod:   &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: secret, UID: "pod"}},
		Env:   map[string]string{"TS_KUBE_SECRET": secret, "TS_EXPERIMENTAL_VERSIONED_CONFIG_DIR": "/etc/tsconfig/" + secret},
		Ready: func(bool) { close(ready) }, Logger: silent,
	}
	go func() { ended <- runProxy(ctx, container, w.client, &control.Client{URL: w.tailnet.URL}) }()
	select {
	case <-ready:
	case err := <-ended:
		w.t.Fatalf("the proxy ended: %v", err)
	case <-time.After(10 * time.Second):
		w.t.Fatal("the proxy did not become ready")
	}
	<-w.watching
	return proxy{cancel: cancel, ended: ended}
}

func (w *world) await(what string, holds func() bool) {
	w.t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("%s did not come; devices: %+v", what, w.tailnet.Devices())
		}
	}
}

// deleteConnector marks the Connector as deleted, as the API server does where there is a finalizer, and makes passes
// until the operator has let it go.
func (w *world) deleteConnector() {
	w.t.Helper()
	ctx := context.Background()
	object, err := w.dynamic.Resource(connectors).Get(ctx, "home", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	now := metav1.Now()
	object.SetDeletionTimestamp(&now)
	if _, err := w.dynamic.Resource(connectors).Update(ctx, object, metav1.UpdateOptions{}); err != nil {
		w.t.Fatal(err)
	}
	for range 3 {
		if err = w.pass(ctx); err != nil {
			w.t.Fatal(err)
		}
		if len(w.get().Finalizers) == 0 {
			return
		}
	}
	w.t.Fatal("the Connector is not let go")
}
