package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"strings"
	"text/template"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
)

// setInterval is how often folders of repositories are looked for (applicationset/generators/git.go, 3 minutes); a set that has
// changed is looked at within setPoll.
const (
	setInterval = 3 * time.Minute
	setPoll     = 2 * time.Second
)

// applicationSet is an ApplicationSet with what is played here: one generator, of folders in git, and Go's templates.
type applicationSet struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     setSpec           `json:"spec"`
	Status   struct {
		Conditions []setCondition `json:"conditions,omitempty"`
	} `json:"status"`
}

type setSpec struct {
	GoTemplate        bool     `json:"goTemplate,omitempty"`
	GoTemplateOptions []string `json:"goTemplateOptions,omitempty"`
	Generators        []struct {
		Git struct {
			RepoURL     string `json:"repoURL"`
			Revision    string `json:"revision"`
			Directories []struct {
				Path string `json:"path"`
			} `json:"directories"`
		} `json:"git"`
	} `json:"generators"`
	SyncPolicy struct {
		PreserveResourcesOnDeletion bool `json:"preserveResourcesOnDeletion,omitempty"`
	} `json:"syncPolicy"`
	Template struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Spec applicationSpec `json:"spec"`
	} `json:"template"`
}

type setCondition struct {
	Type               string       `json:"type"`
	Status             string       `json:"status"`
	Reason             string       `json:"reason"`
	Message            string       `json:"message"`
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
}

func runSets(ctx context.Context, arguments []string) error {
	at, err := ports("argocd-applicationset-controller", arguments, "metrics-addr", "probe-addr", "webhook-addr")
	if err != nil {
		return err
	}
	address, err := required("ARGOCD_APPLICATIONSET_CONTROLLER_REPO_SERVER")
	if err != nil {
		return err
	}
	clients, err := inCluster()
	if err != nil {
		return err
	}
	sets := &setController{clients: clients, reader: newReaderClient(address), seen: map[string]sighting{}}
	alive := healthz(func(context.Context) error { return nil })
	group, ctx := errgroup.WithContext(ctx)
	for _, port := range []string{"metrics-addr", "probe-addr"} {
		group.Go(func() error { return serve(ctx, at[port], alive) })
	}
	group.Go(func() error { return serve(ctx, at["webhook-addr"], http.NotFoundHandler()) })
	group.Go(func() error { return sets.run(ctx) })
	return group.Wait()
}

// setController makes Applications of ApplicationSets (applicationset/controllers/applicationset_controller.go).
type setController struct {
	clients clients
	reader  readerClient
	seen    map[string]sighting
}

type sighting struct {
	generation int64
	at         time.Time
}

func (s *setController) run(ctx context.Context) error {
	every := time.NewTicker(setPoll)
	defer every.Stop()
	for {
		if err := s.all(ctx); err != nil && ctx.Err() == nil {
			slog.Error("cannot look at ApplicationSets", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

func (s *setController) all(ctx context.Context) error {
	list, err := s.clients.custom.Resource(setKind).Namespace(s.clients.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, object := range list.Items {
		last, now := s.seen[object.GetName()], time.Now()
		if last.generation == object.GetGeneration() && now.Before(last.at.Add(setInterval)) || object.GetDeletionTimestamp() != nil {
			continue
		}
		if err := s.one(ctx, &object); err != nil {
			// What cannot be read is tried again at the next poll.
			slog.Error("cannot make Applications", "applicationset", object.GetName(), "error", err)
			continue
		}
		s.seen[object.GetName()] = sighting{object.GetGeneration(), now}
	}
	return nil
}

// one makes a set's Applications, deletes those that it makes no more, and tells how it went.
func (s *setController) one(ctx context.Context, object *unstructured.Unstructured) error {
	set, err := readSet(object)
	var wanted []*unstructured.Unstructured
	if err == nil {
		wanted, err = s.applicationsOf(ctx, set)
	}
	if err == nil {
		err = s.bring(ctx, object, wanted)
	}
	return errors.Join(err, s.tell(ctx, set, err))
}

func readSet(object *unstructured.Unstructured) (applicationSet, error) {
	var set applicationSet
	content, err := object.MarshalJSON()
	if err != nil {
		return set, err
	}
	if err := json.Unmarshal(content, &set); err != nil {
		return set, err
	}
	if err := errors.Join(readSpec(object, &setSpec{})...); err != nil {
		return set, fmt.Errorf("the lab's Argo CD does not play: %w", err)
	}
	if len(set.Spec.Generators) != 1 || len(set.Spec.Generators[0].Git.Directories) == 0 || !set.Spec.GoTemplate {
		return set, errors.New("the lab's Argo CD plays sets with goTemplate and one generator, of folders in git")
	}
	return set, nil
}

func (s *setController) applicationsOf(ctx context.Context, set applicationSet) ([]*unstructured.Unstructured, error) {
	git := set.Spec.Generators[0].Git
	from, err := repositoryOf(ctx, s.clients, git.RepoURL)
	if err != nil {
		return nil, err
	}
	var folders []string
	if err := s.reader.ask(ctx, "/directories", directoriesRequest{from, git.Revision}, &folders); err != nil {
		return nil, fmt.Errorf("error generating params from git: error getting directories from repo: %w", err)
	}
	all := []*unstructured.Unstructured{}
	for _, folder := range folders {
		for _, wanted := range git.Directories {
			if found, err := path.Match(wanted.Path, folder); err == nil && found {
				app, err := fill(set, folder)
				if err != nil {
					return nil, err
				}
				all = append(all, app)
				break
			}
		}
	}
	return all, nil
}

// fill makes the Application of a folder; its template knows the folder by `.path` (generateParamsFromApps).
func fill(set applicationSet, folder string) (*unstructured.Unstructured, error) {
	text, err := json.Marshal(set.Spec.Template)
	if err != nil {
		return nil, err
	}
	base := path.Base(folder)
	parsed, err := template.New("").Option(set.Spec.GoTemplateOptions...).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var filled strings.Builder
	err = parsed.Execute(&filled, map[string]any{"path": map[string]any{
		"path": folder, "basename": base, "basenameNormalized": sanitized(base), "segments": strings.Split(folder, "/"),
	}})
	if err != nil {
		return nil, fmt.Errorf("failed to execute go template: %w", err)
	}
	app := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(filled.String()), &app.Object); err != nil {
		return nil, err
	}
	app.SetAPIVersion("argoproj.io/v1alpha1")
	app.SetKind("Application")
	app.SetNamespace(set.Metadata.Namespace)
	if !set.Spec.SyncPolicy.PreserveResourcesOnDeletion {
		app.SetFinalizers([]string{cascadeFinalizer})
	}
	yes := true
	app.SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion: "argoproj.io/v1alpha1", Kind: "ApplicationSet", Name: set.Metadata.Name, UID: set.Metadata.UID,
		Controller: &yes, BlockOwnerDeletion: &yes,
	}})
	return app, nil
}

var unusual = regexp.MustCompile(`[^-a-z0-9.]+`)

// sanitized is a name as Kubernetes allows it (applicationset/utils, SanitizeName).
func sanitized(name string) string {
	name = unusual.ReplaceAllString(strings.ToLower(name), "-")
	return strings.Trim(name[:min(len(name), 253)], "-.")
}

func (s *setController) bring(ctx context.Context, owner *unstructured.Unstructured, wanted []*unstructured.Unstructured) error {
	apps := s.clients.custom.Resource(applicationKind).Namespace(s.clients.namespace)
	made := map[string]bool{}
	for _, app := range wanted {
		made[app.GetName()] = true
		_, err := apps.Create(ctx, app, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			content, failed := json.Marshal(map[string]any{"spec": app.Object["spec"], "metadata": map[string]any{
				"ownerReferences": app.GetOwnerReferences(), "finalizers": app.GetFinalizers(),
			}})
			if failed != nil {
				return failed
			}
			_, err = apps.Patch(ctx, app.GetName(), types.MergePatchType, content, metav1.PatchOptions{})
		}
		if err != nil {
			return err
		}
	}
	list, err := apps.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, app := range list.Items {
		if controller := metav1.GetControllerOf(&app); controller == nil || controller.UID != owner.GetUID() || made[app.GetName()] {
			continue
		}
		if err := apps.Delete(ctx, app.GetName(), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// tell writes how it went into the set's conditions.
func (s *setController) tell(ctx context.Context, set applicationSet, failure error) error {
	fresh := []setCondition{
		{Type: "ErrorOccurred", Status: "False", Reason: "ApplicationSetUpToDate", Message: "Successfully generated parameters for all Applications"},
		{Type: "ParametersGenerated", Status: "True", Reason: "ParametersGenerated", Message: "Successfully generated parameters for all Applications"},
		{Type: "ResourcesUpToDate", Status: "True", Reason: "ApplicationSetUpToDate", Message: "All applications have been generated successfully"},
	}
	if failure != nil {
		text := failure.Error()
		fresh = []setCondition{
			{Type: "ErrorOccurred", Status: "True", Reason: "ApplicationGenerationFromParamsError", Message: text},
			{Type: "ParametersGenerated", Status: "False", Reason: "ErrorOccurred", Message: text},
			{Type: "ResourcesUpToDate", Status: "False", Reason: "ErrorOccurred", Message: text},
		}
	}
	now := metav1.Now()
	for i := range fresh {
		fresh[i].LastTransitionTime = &now
		for _, old := range set.Status.Conditions {
			if old.Type == fresh[i].Type && old.Status == fresh[i].Status && old.Message == fresh[i].Message {
				fresh[i].LastTransitionTime = old.LastTransitionTime
			}
		}
	}
	content, err := json.Marshal(map[string]any{"status": map[string]any{"conditions": fresh}})
	if err != nil {
		return err
	}
	sets := s.clients.custom.Resource(setKind).Namespace(s.clients.namespace)
	_, err = sets.Patch(ctx, set.Metadata.Name, types.MergePatchType, content, metav1.PatchOptions{}, "status")
	return err
}
