package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"

	"homelab/lab/cluster/operators"
	"homelab/lab/cluster/passes"
)

var dragonflies = schema.GroupVersionResource{Group: "dragonflydb.io", Version: "v1alpha1", Resource: "dragonflies"}

// Phases of a Dragonfly (internal/controller/util.go). None says that no pod is ready: it stays at the last (issue 589).
const (
	resourcesCreated = "ResourcesCreated"
	configuring      = "Configuring"
	ready            = "Ready"
	rollingUpdate    = "RollingUpdate"
)

// metadata is what a Dragonfly adds to objects that are made for it.
type metadata struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// dragonfly is the part of one that the operator reads.
type dragonfly struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Replicas                 int32                        `json:"replicas"`
		Image                    string                       `json:"image"`
		ImagePullPolicy          corev1.PullPolicy            `json:"imagePullPolicy"`
		Args                     []string                     `json:"args"`
		Env                      []corev1.EnvVar              `json:"env"`
		Resources                *corev1.ResourceRequirements `json:"resources"`
		PodSecurityContext       *corev1.PodSecurityContext   `json:"podSecurityContext"`
		ContainerSecurityContext *corev1.SecurityContext      `json:"containerSecurityContext"`
		Affinity                 *corev1.Affinity             `json:"affinity"`
		Tolerations              []corev1.Toleration          `json:"tolerations"`
		PodMetadata              *metadata                    `json:"podMetadata"`
		OwnedObjectsMetadata     *metadata                    `json:"ownedObjectsMetadata"`
		Authentication           *struct {
			PasswordFromSecret *corev1.SecretKeySelector `json:"passwordFromSecret"`
		} `json:"authentication"`
		Snapshot *struct {
			Dir  string `json:"dir"`
			Cron string `json:"cron"`
		} `json:"snapshot"`
		NetworkPolicyEnabled *bool `json:"networkPolicyEnabled"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
	} `json:"status"`
}

type operator struct {
	client  kubernetes.Interface
	dynamic dynamic.Interface
	log     *slog.Logger
	changed passes.Changes
	pods    func(namespace, name string) ([]*corev1.Pod, error)
	sets    func(namespace, name string) (*appsv1.StatefulSet, error)
}

// again is what the real one waits before it looks once more at what is not finished.
const again = 5 * time.Second

// operate makes what Dragonflies ask for and says which pod is the master. Of several operators one does.
func operate(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("dragonfly-operator", flag.ContinueOnError)
	elect := flags.Bool("leader-elect", false, "one of several does the work")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	client, custom, err := operators.Clients()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	go tell(ctx, log)
	work := func(ctx context.Context) error {
		o := &operator{client: client, dynamic: custom, log: log, changed: passes.NewChanges()}
		return o.run(ctx)
	}
	if !*elect {
		return work(ctx)
	}
	return operators.Led(ctx, operators.Candidate{
		Client: client, Lease: "31079dea.dragonflydb.io", Namespace: os.Getenv("POD_NAMESPACE"), Identity: os.Getenv("HOSTNAME"),
	}, work)
}

// tell answers the probes of its chart (cmd/main.go, health-probe-bind-address).
func tell(ctx context.Context, log *slog.Logger) {
	mux := http.NewServeMux()
	for _, path := range []string{"/healthz", "/readyz"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	}
	server := &http.Server{Addr: ":8081", Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Error("the probes' port stopped", "error", err)
	}
}

func (o *operator) run(ctx context.Context) error {
	own := informers.NewSharedInformerFactoryWithOptions(o.client, 0, informers.WithTweakListOptions(func(options *metav1.ListOptions) {
		options.LabelSelector = nameLabel + "=" + appName
	}))
	custom := dynamicinformer.NewDynamicSharedInformerFactory(o.dynamic, 0)
	defer own.Shutdown()
	defer custom.Shutdown()
	pods, sets := own.Core().V1().Pods(), own.Apps().V1().StatefulSets()
	if _, err := o.changed.Watch(pods.Informer(), sets.Informer(), custom.ForResource(dragonflies).Informer()); err != nil {
		return err
	}
	o.pods = func(namespace, name string) ([]*corev1.Pod, error) {
		return pods.Lister().Pods(namespace).List(selector(name))
	}
	o.sets = func(namespace, name string) (*appsv1.StatefulSet, error) {
		return sets.Lister().StatefulSets(namespace).Get(name)
	}
	own.Start(ctx.Done())
	custom.Start(ctx.Done())
	own.WaitForCacheSync(ctx.Done())
	go o.changed.Every(ctx, again)
	passes.Repeat(ctx, o.changed, time.Second, o.log, o.pass)
	return nil
}

func (o *operator) pass(ctx context.Context) error {
	list, err := o.dynamic.Resource(dragonflies).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var failed error
	for i := range list.Items {
		var one dragonfly
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(list.Items[i].Object, &one); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		// What is to be deleted is left to the garbage collector.
		if one.DeletionTimestamp == nil {
			failed = errors.Join(failed, o.reconcile(ctx, &one))
		}
	}
	return failed
}

func (o *operator) reconcile(ctx context.Context, one *dragonfly) error {
	if err := o.resources(ctx, one); err != nil {
		return err
	}
	if one.Status.Phase == "" {
		if err := o.setPhase(ctx, one, resourcesCreated); err != nil {
			return err
		}
	}
	if err := o.replicate(ctx, one); err != nil {
		return err
	}
	return o.rollOut(ctx, one)
}

func (o *operator) setPhase(ctx context.Context, one *dragonfly, phase string) error {
	patch := fmt.Appendf(nil, `{"status":{"phase":%q}}`, phase)
	_, err := o.dynamic.Resource(dragonflies).Namespace(one.Namespace).
		Patch(ctx, one.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err == nil {
		one.Status.Phase = phase
	}
	return err
}
