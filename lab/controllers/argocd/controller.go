package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	gosync "sync"
	"time"

	"github.com/argoproj/gitops-engine/pkg/cache"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"github.com/argoproj/gitops-engine/pkg/utils/tracing"
	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// controller looks at Applications, one at a time (controller/appcontroller.go).
type controller struct {
	clients clients
	cluster cache.ClusterCache
	kubectl kube.Kubectl
	reader  readerClient
	log     logr.Logger
	queue   workqueue.TypedRateLimitingInterface[string]
	mu      gosync.Mutex
	// moved are Applications of which an object has changed since they were compared.
	moved map[string]bool
}

func runController(ctx context.Context, arguments []string) error {
	at, err := ports("argocd-application-controller", arguments, "metrics-port")
	if err != nil {
		return err
	}
	address, err := required("ARGOCD_APPLICATION_CONTROLLER_REPO_SERVER")
	if err != nil {
		return err
	}
	kept, err := redisOfPod()
	if err != nil {
		return err
	}
	clients, err := inCluster()
	if err != nil {
		return err
	}
	c, err := newController(ctx, clients, newReaderClient(address))
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve(ctx, at["metrics-port"], healthz(kept.ping)) })
	group.Go(func() error { return c.run(ctx) })
	return group.Wait()
}

// newController makes the copy of the cluster that comparisons are made with.
func newController(ctx context.Context, clients clients, reader readerClient) (*controller, error) {
	settings, err := readSettings(ctx, clients)
	if err != nil {
		return nil, err
	}
	log := logr.FromSlogHandler(slog.Default().Handler())
	kubectl := &kube.KubectlCmd{Log: log, Tracer: tracing.NopTracer{}}
	c := &controller{
		clients: clients, kubectl: kubectl, reader: reader, log: log, moved: map[string]bool{},
		queue: workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]()),
	}
	c.cluster = cache.NewClusterCache(clients.config,
		cache.SetKubectl(kubectl), cache.SetLogr(log),
		cache.SetSettings(cache.Settings{ResourceHealthOverride: scripted{}, ResourcesFilter: settings.excluded}),
		cache.SetPopulateResourceInfoHandler(func(object *unstructured.Unstructured, isRoot bool) (any, bool) {
			// What others make of an object has its mark too, such as a Deployment's ReplicaSets.
			if !isRoot {
				return "", false
			}
			app := appOf(object)
			return app, app != ""
		}),
	)
	c.cluster.OnResourceUpdated(c.changed)
	return c, nil
}

// changed has the Application of an object compared anew, with the commit that it was compared with.
func (c *controller) changed(after, before *cache.Resource, _ map[kube.ResourceKey]*cache.Resource) {
	for _, one := range []*cache.Resource{after, before} {
		if one == nil {
			continue
		}
		if app, ok := one.Info.(string); ok && app != "" {
			c.mark(app)
			c.queue.Add(app)
		}
	}
}

// mark has an Application compared anew the next time that it is looked at.
func (c *controller) mark(app string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moved[app] = true
}

func (c *controller) run(ctx context.Context) error {
	if err := c.cluster.EnsureSynced(); err != nil {
		return fmt.Errorf("the cluster cannot be read: %w", err)
	}
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(c.clients.custom, 0, c.clients.namespace, nil)
	add := func(object any) {
		if one, ok := object.(*unstructured.Unstructured); ok {
			c.queue.Add(one.GetName())
		}
	}
	_, err := factory.ForResource(applicationKind).Informer().AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: add, UpdateFunc: func(_, after any) { add(after) },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown()
	stop := context.AfterFunc(ctx, c.queue.ShutDown)
	defer stop()
	for {
		name, ended := c.queue.Get()
		if ended {
			return nil
		}
		again, err := c.look(ctx, name)
		switch {
		case err != nil:
			slog.Error("cannot reconcile", "application", name, "error", err)
			c.queue.AddRateLimited(name)
		default:
			c.queue.Forget(name)
			if again > 0 {
				c.queue.AddAfter(name, again)
			}
		}
		c.queue.Done(name)
	}
}

func (c *controller) applications() dynamic.ResourceInterface {
	return c.clients.custom.Resource(applicationKind).Namespace(c.clients.namespace)
}

// look brings one Application a step on, and says when to look again.
func (c *controller) look(ctx context.Context, name string) (time.Duration, error) {
	object, err := c.applications().Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	app, unsupported := readApplication(object)
	if app.Metadata.DeletionTimestamp != nil {
		return c.delete(ctx, app)
	}
	settings, err := readSettings(ctx, c.clients)
	if err != nil {
		return 0, err
	}
	if why := c.reason(app, settings); why != nil {
		slog.Info("refreshing", "application", name, "reason", why.text)
		if app, err = c.refresh(ctx, app, unsupported, *why); err != nil {
			return 0, err
		}
	}
	if app.Operation != nil && unsupported == nil {
		return c.operate(ctx, app)
	}
	return settings.timeout, nil
}

// refresh is why an Application is compared.
type refresh struct {
	text string
	// hard has its folder rendered anew; anew looks for the newest commit; recent stays with that of before.
	hard, anew, recent bool
}

// reason says why to compare an Application now, or nil (needRefreshAppStatus).
func (c *controller) reason(app application, settings settings) *refresh {
	c.mu.Lock()
	moved := c.moved[app.Metadata.Name]
	c.mu.Unlock()
	status := app.Status
	asked, requested := app.Metadata.Annotations[refreshAnnotation]
	switch {
	case requested:
		return &refresh{text: asked + " refresh requested", hard: asked == "hard", anew: true}
	case app.Spec.Source != status.Sync.ComparedTo.Source:
		return &refresh{text: "spec.source differs", anew: true}
	case status.ReconciledAt == nil || time.Since(status.ReconciledAt.Time) > settings.timeout:
		return &refresh{text: "comparison expired"}
	case app.Spec.Destination != status.Sync.ComparedTo.Destination:
		return &refresh{text: "spec.destination differs"}
	case moved:
		return &refresh{text: "controller refresh requested", recent: true}
	}
	return nil
}

// refresh compares an Application, begins a sync where it syncs by itself, and writes its status.
func (c *controller) refresh(ctx context.Context, app application, unsupported error, why refresh) (application, error) {
	before := app
	c.mu.Lock()
	delete(c.moved, app.Metadata.Name)
	c.mu.Unlock()
	of, conditions := c.permitted(ctx, app, unsupported)
	app.Status.setConditions(conditions, invalidSpecError)
	if len(conditions) > 0 {
		app.Status.Sync.Status, app.Status.Health.Status = unknownStatus, health.HealthStatusUnknown
		return c.persist(ctx, before, app)
	}
	revision := app.Spec.Source.TargetRevision
	if why.recent && app.Status.Sync.Revision != "" {
		revision = app.Status.Sync.Revision
	}
	found := c.compare(ctx, app, of, revision, why.hard, why.anew)
	app.Status.setConditions(found.conditions, comparisonError, sharedResourceWarning, "RepeatedResourceWarning")
	begun, failure := autoSync(app, found, time.Now())
	app.Status.setConditions(failure, syncError)
	if begun != nil {
		slog.Info("initiated automated sync", "application", app.Metadata.Name, "revision", found.sync.Revision)
		app.Operation = begun
	}
	now := metav1.Now()
	if !why.recent || app.Status.ReconciledAt == nil {
		app.Status.ReconciledAt = &now
	}
	app.Status.Sync, app.Status.Resources, app.Status.SourceType = found.sync, found.resources, found.sourceType
	app.Status.Health.Status, app.Status.ControllerNamespace = found.health, c.clients.namespace
	return c.persist(ctx, before, app)
}

// permitted gives the project, and what stands against the Application.
func (c *controller) permitted(ctx context.Context, app application, unsupported error) (project, []condition) {
	invalid := func(text string) []condition { return []condition{{Type: invalidSpecError, Message: text}} }
	if unsupported != nil {
		return project{}, invalid(unsupported.Error())
	}
	of, err := c.project(ctx, app.Spec.Project)
	if err != nil {
		return of, invalid(err.Error())
	}
	return of, of.allows(app.Spec)
}

func (c *controller) project(ctx context.Context, name string) (project, error) {
	object, err := c.clients.custom.Resource(projectKind).Namespace(c.clients.namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return project{}, fmt.Errorf("application referencing project %s which does not exist", name)
	}
	if err != nil {
		return project{}, err
	}
	return readProject(object)
}

// written are the parts of an Application that its controller writes.
type written struct {
	Metadata struct {
		Annotations map[string]string `json:"annotations,omitempty"`
	} `json:"metadata"`
	Operation *operation        `json:"operation,omitempty"`
	Status    applicationStatus `json:"status"`
}

func writtenOf(app application, answered bool) written {
	part := written{Operation: app.Operation, Status: app.Status}
	part.Metadata.Annotations = map[string]string{}
	for key, value := range app.Metadata.Annotations {
		if key != refreshAnnotation || !answered {
			part.Metadata.Annotations[key] = value
		}
	}
	return part
}

// persist writes what has changed, and takes the wish for a comparison off (persistAppStatus).
func (c *controller) persist(ctx context.Context, before, after application) (application, error) {
	if before.Status.Health.Status != after.Status.Health.Status {
		now := metav1.Now()
		after.Status.Health.LastTransitionTime = &now
	}
	return c.patch(ctx, before, after, true)
}

func (c *controller) patch(ctx context.Context, before, after application, answered bool) (application, error) {
	old, err := json.Marshal(writtenOf(before, false))
	if err != nil {
		return after, err
	}
	fresh, err := json.Marshal(writtenOf(after, answered))
	if err != nil {
		return after, err
	}
	content, err := jsonpatch.CreateMergePatch(old, fresh)
	if err != nil || string(content) == "{}" {
		return after, err
	}
	object, err := c.applications().Patch(ctx, after.Metadata.Name, types.MergePatchType, content, metav1.PatchOptions{})
	if err != nil {
		return after, err
	}
	read, _ := readApplication(object)
	return read, nil
}
