package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/argoproj/gitops-engine/pkg/sync"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// retries is how often an automatic sync is tried anew.
const retries = 5

// autoSync is the operation that an Application begins by itself, if any, or why it does not (controller/appcontroller.go, autoSync).
func autoSync(app application, found comparison, now time.Time) (*operation, []condition) {
	if !app.Spec.automatic() || app.Operation != nil || found.sync.Status != outOfSync {
		return nil, nil
	}
	policy := app.Spec.SyncPolicy.Automated
	pruneOnly := !slices.ContainsFunc(found.resources, func(one resourceStatus) bool { return one.Status != synced && !one.RequiresPruning })
	if !policy.Prune && pruneOnly {
		return nil, nil
	}
	from := app.Spec.Source
	begun := &operation{
		Sync: &syncOperation{
			Revision: found.sync.Revision, Prune: policy.Prune, Source: &from, SyncOptions: app.Spec.SyncPolicy.SyncOptions,
		},
		InitiatedBy: initiator{Automated: true}, Retry: retry{Limit: retries},
	}
	if last := app.Status.OperationState; last != nil && attempted(*last, app.Spec.Source, found.sync.Revision) {
		if !last.Phase.Successful() {
			return nil, []condition{{Type: syncError, Message: fmt.Sprintf("Failed last sync attempt to %s: %s", found.sync.Revision, last.Message)}}
		}
		if !policy.SelfHeal || !healsNow(*last, now) {
			return nil, nil
		}
		if last.Operation.Sync != nil {
			begun.Sync.HealAttempts = last.Operation.Sync.HealAttempts
		}
		begun.Sync.HealAttempts++
		for _, one := range found.resources {
			if one.Status != synced {
				begun.Sync.Resources = append(begun.Sync.Resources, syncResource{one.Group, one.Kind, one.Name})
			}
		}
	}
	wipes := !slices.ContainsFunc(found.resources, func(one resourceStatus) bool { return !one.RequiresPruning })
	if policy.Prune && !policy.AllowEmpty && wipes {
		text := fmt.Sprintf("Skipping sync attempt to [%s]: auto-sync will wipe out all resources", found.sync.Revision)
		return nil, []condition{{Type: syncError, Message: text}}
	}
	return begun, nil
}

// attempted is whether the last operation was for this source and commit (alreadyAttemptedSync).
func attempted(last operationState, from source, revision string) bool {
	if last.SyncResult == nil {
		return last.Phase.Completed()
	}
	return last.SyncResult.Revision == revision && last.SyncResult.Source == from
}

// healsNow is whether enough time has passed since the last healing: two seconds, then three times as long each time, five minutes
// at most (cmd/argocd-application-controller: self-heal-backoff-*).
func healsNow(last operationState, now time.Time) bool {
	if last.FinishedAt == nil || last.Operation.Sync == nil || last.Operation.Sync.HealAttempts == 0 {
		return true
	}
	wait := 2 * time.Second
	for range last.Operation.Sync.HealAttempts - 1 {
		wait = min(3*wait, 5*time.Minute)
	}
	return now.After(last.FinishedAt.Add(wait))
}

// operate brings an Application's operation a step on (processRequestedAppOperation).
func (c *controller) operate(ctx context.Context, app application) (time.Duration, error) {
	before, state := app, operationState{Operation: *app.Operation, Phase: common.OperationRunning, StartedAt: metav1.Now()}
	if last := app.Status.OperationState; last != nil && !last.Phase.Completed() {
		state = last.copied()
		if state.FinishedAt != nil {
			if wait := time.Until(state.nextTry()); wait > 0 {
				return wait, nil
			}
			state.FinishedAt, state.SyncResult = nil, nil
			state.Message = fmt.Sprintf("Retrying operation. Attempt #%d", state.RetryCount)
		}
	}
	terminating := state.Phase == common.OperationTerminating
	if err := c.step(ctx, app, &state); err != nil {
		state.Phase, state.Message = common.OperationError, err.Error()
	}
	now := metav1.Now()
	again := state.Phase == common.OperationFailed || state.Phase == common.OperationError
	if again && !terminating && state.RetryCount < state.Operation.Retry.Limit {
		state.Phase, state.FinishedAt = common.OperationRunning, &now
		state.Message = fmt.Sprintf("%s. Retrying attempt #%d at %s.", state.Message, state.RetryCount+1, state.nextTry().Format(time.Kitchen))
		state.RetryCount++
	}
	if state.Phase.Completed() {
		state.FinishedAt, app.Operation = &now, nil
		slog.Info("sync is through", "application", app.Metadata.Name, "phase", state.Phase, "message", state.Message)
	}
	if state.Phase.Successful() && len(state.Operation.Sync.Resources) == 0 {
		app.Status.History = append(slices.Clone(app.Status.History), entryOf(app.Status.History, state))
		app.Status.History = app.Status.History[max(0, len(app.Status.History)-10):]
	}
	app.Status.OperationState = &state
	if _, err := c.patch(ctx, before, app, false); err != nil {
		return 0, err
	}
	if !state.Phase.Completed() {
		return time.Second, nil
	}
	c.mark(app.Metadata.Name)
	return time.Millisecond, nil
}

func entryOf(history []historyEntry, state operationState) historyEntry {
	started := state.StartedAt
	entry := historyEntry{
		Revision: state.SyncResult.Revision, DeployedAt: metav1.Now(), DeployStartedAt: &started,
		Source: state.SyncResult.Source, InitiatedBy: state.Operation.InitiatedBy,
	}
	if len(history) > 0 {
		entry.ID = history[len(history)-1].ID + 1
	}
	return entry
}

// step runs one step of the engine's sync (controller/sync.go, SyncAppState).
func (c *controller) step(ctx context.Context, app application, state *operationState) error {
	asked := state.Operation.Sync
	if asked == nil {
		return fmt.Errorf("Invalid operation request: no operation specified") //nolint:staticcheck // Argo CD's words
	}
	of, conditions := c.permitted(ctx, app, nil)
	if len(conditions) > 0 {
		return fmt.Errorf("%s", words(conditions))
	}
	if state.SyncResult == nil {
		state.SyncResult = &syncResult{Revision: asked.Revision, Source: app.Spec.Source}
		if asked.Source != nil {
			state.SyncResult.Source = *asked.Source
		}
	}
	app.Spec.Source = state.SyncResult.Source
	revision := state.SyncResult.Revision
	if revision == "" {
		revision = app.Spec.Source.TargetRevision
	}
	found := c.compare(ctx, app, of, revision, false, true)
	if found.sync.Status == unknownStatus {
		return fmt.Errorf("%s", words(found.conditions))
	}
	state.SyncResult.Revision = found.sync.Revision
	run, done, err := sync.NewSyncContext(found.sync.Revision, found.reconciled, c.clients.config, c.clients.config, c.kubectl,
		app.Spec.Destination.Namespace, c.cluster.GetOpenAPISchema(), c.options(app, of, *state, found)...)
	if err != nil {
		return fmt.Errorf("failed to initialize sync context: %w", err)
	}
	defer done()
	if state.Phase == common.OperationTerminating {
		run.Terminate()
	} else {
		run.Sync()
	}
	var results []common.ResourceSyncResult
	state.Phase, state.Message, results = run.GetState()
	state.SyncResult.Resources = nil
	for _, one := range results {
		key := one.ResourceKey
		state.SyncResult.Resources = append(state.SyncResult.Resources, resourceResult{
			Group: key.Group, Version: one.Version, Kind: key.Kind, Namespace: key.Namespace, Name: key.Name,
			Status: one.Status, Message: one.Message, HookType: one.HookType, HookPhase: one.HookPhase, SyncPhase: one.SyncPhase,
		})
	}
	return nil
}

func words(conditions []condition) string {
	texts := []string{}
	for _, one := range conditions {
		texts = append(texts, fmt.Sprintf("%s: %s", one.Type, one.Message))
	}
	return strings.Join(texts, ";")
}

func (c *controller) options(app application, of project, state operationState, found comparison) []sync.SyncOpt {
	asked := state.Operation.Sync
	has := func(option string) bool { return slices.Contains(asked.SyncOptions, option) }
	earlier := []common.ResourceSyncResult{}
	for i, one := range state.SyncResult.Resources {
		earlier = append(earlier, common.ResourceSyncResult{
			ResourceKey: kube.NewResourceKey(one.Group, one.Kind, one.Namespace, one.Name), Version: one.Version, Order: i + 1,
			Status: one.Status, Message: one.Message, HookType: one.HookType, HookPhase: one.HookPhase, SyncPhase: one.SyncPhase,
		})
	}
	options := []sync.SyncOpt{
		sync.WithLogr(c.log),
		sync.WithHealthOverride(scripted{}),
		sync.WithPermissionValidator(func(object *unstructured.Unstructured, resource *metav1.APIResource) error {
			return of.permitsObject(object, resource.Namespaced)
		}),
		sync.WithOperationSettings(false, asked.Prune, false, len(asked.Resources) > 0),
		sync.WithInitialState(state.Phase, state.Message, earlier, state.StartedAt),
		sync.WithResourcesFilter(func(key kube.ResourceKey, target, live *unstructured.Unstructured) bool {
			chosen := len(asked.Resources) == 0 || slices.Contains(asked.Resources, syncResource{key.Group, key.Kind, key.Name})
			return chosen && itself(live, target)
		}),
		sync.WithSyncWaveHook(func(_ common.SyncPhase, _ int, last bool) error {
			if !last {
				// Others are to see a wave before it is judged (delayBetweenSyncWaves).
				time.Sleep(2 * time.Second)
			}
			return nil
		}),
		sync.WithPruneLast(has(common.SyncOptionPruneLast)),
		sync.WithResourceModificationChecker(has(common.SyncOptionApplyOutOfSyncOnly), found.diffs),
		sync.WithPrunePropagationPolicy(new(metav1.DeletePropagationForeground)),
		sync.WithServerSideApply(has(common.SyncOptionServerSideApply)),
		sync.WithServerSideApplyManager(fieldManager),
	}
	if has("CreateNamespace=true") {
		options = append(options, sync.WithNamespaceModifier(func(*unstructured.Unstructured, *unstructured.Unstructured) (bool, error) {
			return true, nil
		}))
	}
	return options
}
