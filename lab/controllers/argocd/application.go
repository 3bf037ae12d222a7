package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	strict "sigs.k8s.io/json"
)

// Kinds of argoproj.io/v1alpha1.
var (
	applicationKind = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}
	setKind         = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applicationsets"}
	projectKind     = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "appprojects"}
)

// inClusterServer is the cluster that Argo CD runs in, the only one here.
const inClusterServer = "https://kubernetes.default.svc"

// application is an Application with the fields that are played here (pkg/apis/application/v1alpha1/types.go).
type application struct {
	Metadata  metav1.ObjectMeta `json:"metadata"`
	Spec      applicationSpec   `json:"spec"`
	Operation *operation        `json:"operation,omitempty"`
	Status    applicationStatus `json:"status"`
}

type applicationSpec struct {
	Project     string      `json:"project"`
	Source      source      `json:"source"`
	Destination destination `json:"destination"`
	SyncPolicy  *syncPolicy `json:"syncPolicy,omitempty"`
}

type source struct {
	RepoURL        string `json:"repoURL"`
	Path           string `json:"path,omitempty"`
	TargetRevision string `json:"targetRevision,omitempty"`
}

type destination struct {
	Server    string `json:"server,omitempty"`
	Namespace string `json:"namespace,omitempty"`
}

type syncPolicy struct {
	Automated   *automated `json:"automated,omitempty"`
	SyncOptions []string   `json:"syncOptions,omitempty"`
}

type automated struct {
	Prune      bool  `json:"prune,omitempty"`
	SelfHeal   bool  `json:"selfHeal,omitempty"`
	AllowEmpty bool  `json:"allowEmpty,omitempty"`
	Enabled    *bool `json:"enabled,omitempty"`
}

// automatic is whether it syncs by itself.
func (s applicationSpec) automatic() bool {
	return s.SyncPolicy != nil && s.SyncPolicy.Automated != nil && (s.SyncPolicy.Automated.Enabled == nil || *s.SyncPolicy.Automated.Enabled)
}

// has is whether a sync option is set.
func (s applicationSpec) has(option string) bool {
	return s.SyncPolicy != nil && slices.Contains(s.SyncPolicy.SyncOptions, option)
}

type operation struct {
	Sync        *syncOperation `json:"sync,omitempty"`
	InitiatedBy initiator      `json:"initiatedBy,omitzero"`
	Retry       retry          `json:"retry,omitzero"`
}

type initiator struct {
	Username  string `json:"username,omitempty"`
	Automated bool   `json:"automated,omitempty"`
}

type retry struct {
	Limit int64 `json:"limit,omitempty"`
}

type syncOperation struct {
	Revision     string         `json:"revision,omitempty"`
	Prune        bool           `json:"prune,omitempty"`
	Source       *source        `json:"source,omitempty"`
	SyncOptions  []string       `json:"syncOptions,omitempty"`
	Resources    []syncResource `json:"resources,omitempty"`
	HealAttempts int            `json:"autoHealAttemptsCount,omitempty"`
}

type syncResource struct {
	Group string `json:"group,omitempty"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
}

type applicationStatus struct {
	Resources           []resourceStatus `json:"resources,omitempty"`
	Sync                syncStatus       `json:"sync,omitzero"`
	Health              healthStatus     `json:"health,omitzero"`
	History             []historyEntry   `json:"history,omitempty"`
	Conditions          []condition      `json:"conditions,omitempty"`
	ReconciledAt        *metav1.Time     `json:"reconciledAt,omitempty"`
	OperationState      *operationState  `json:"operationState,omitempty"`
	SourceType          string           `json:"sourceType,omitempty"`
	ControllerNamespace string           `json:"controllerNamespace,omitempty"`
}

type syncStatus struct {
	Status     string     `json:"status"`
	ComparedTo comparedTo `json:"comparedTo,omitzero"`
	Revision   string     `json:"revision,omitempty"`
}

// Statuses of a comparison.
const (
	synced        = "Synced"
	outOfSync     = "OutOfSync"
	unknownStatus = "Unknown"
)

type comparedTo struct {
	Source      source      `json:"source"`
	Destination destination `json:"destination"`
}

type healthStatus struct {
	Status             health.HealthStatusCode `json:"status,omitempty"`
	LastTransitionTime *metav1.Time            `json:"lastTransitionTime,omitempty"`
}

type resourceStatus struct {
	Group           string `json:"group,omitempty"`
	Version         string `json:"version,omitempty"`
	Kind            string `json:"kind,omitempty"`
	Namespace       string `json:"namespace,omitempty"`
	Name            string `json:"name,omitempty"`
	Status          string `json:"status,omitempty"`
	Hook            bool   `json:"hook,omitempty"`
	RequiresPruning bool   `json:"requiresPruning,omitempty"`
	SyncWave        int64  `json:"syncWave,omitempty"`
}

type historyEntry struct {
	ID              int64        `json:"id"`
	Revision        string       `json:"revision,omitempty"`
	DeployedAt      metav1.Time  `json:"deployedAt"`
	DeployStartedAt *metav1.Time `json:"deployStartedAt,omitempty"`
	Source          source       `json:"source,omitzero"`
	InitiatedBy     initiator    `json:"initiatedBy,omitzero"`
}

// Types of conditions.
const (
	comparisonError       = "ComparisonError"
	invalidSpecError      = "InvalidSpecError"
	syncError             = "SyncError"
	sharedResourceWarning = "SharedResourceWarning"
)

type condition struct {
	Type               string       `json:"type"`
	Message            string       `json:"message"`
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
}

// setConditions puts new conditions in the place of those of some types; what is the same keeps its time.
func (s *applicationStatus) setConditions(fresh []condition, types ...string) {
	now, kept := metav1.Now(), []condition{}
	for _, one := range s.Conditions {
		if !slices.Contains(types, one.Type) {
			kept = append(kept, one)
		}
	}
	for _, one := range fresh {
		one.LastTransitionTime = &now
		for _, old := range s.Conditions {
			if old.Type == one.Type && old.Message == one.Message {
				one.LastTransitionTime = old.LastTransitionTime
			}
		}
		kept = append(kept, one)
	}
	slices.SortFunc(kept, func(a, b condition) int { return strings.Compare(a.Type, b.Type) })
	s.Conditions = kept
}

type operationState struct {
	Operation  operation             `json:"operation"`
	Phase      common.OperationPhase `json:"phase"`
	Message    string                `json:"message,omitempty"`
	SyncResult *syncResult           `json:"syncResult,omitempty"`
	StartedAt  metav1.Time           `json:"startedAt"`
	FinishedAt *metav1.Time          `json:"finishedAt,omitempty"`
	RetryCount int64                 `json:"retryCount,omitempty"`
}

// copied shares nothing with the state that a step may change.
func (s operationState) copied() operationState {
	if s.SyncResult != nil {
		result := *s.SyncResult
		s.SyncResult = &result
	}
	return s
}

// nextTry is when a failed operation is tried again (RetryStrategy.NextRetryAt, without a backoff of its own).
func (s operationState) nextTry() time.Time {
	wait := min(5*time.Second<<min(s.RetryCount, 10), 3*time.Minute)
	return s.FinishedAt.Add(wait)
}

type syncResult struct {
	Resources []resourceResult `json:"resources,omitempty"`
	Revision  string           `json:"revision"`
	Source    source           `json:"source,omitzero"`
}

type resourceResult struct {
	Group     string                `json:"group"`
	Version   string                `json:"version"`
	Kind      string                `json:"kind"`
	Namespace string                `json:"namespace"`
	Name      string                `json:"name"`
	Status    common.ResultCode     `json:"status,omitempty"`
	Message   string                `json:"message,omitempty"`
	HookType  common.HookType       `json:"hookType,omitempty"`
	HookPhase common.OperationPhase `json:"hookPhase,omitempty"`
	SyncPhase common.SyncPhase      `json:"syncPhase,omitempty"`
}

// Finalizers by which what an Application has brought is deleted with it.
const (
	cascadeFinalizer    = "resources-finalizer.argocd.argoproj.io"
	backgroundFinalizer = "resources-finalizer.argocd.argoproj.io/background"
)

// refreshAnnotation asks for a comparison, `normal` or `hard`.
const refreshAnnotation = "argocd.argoproj.io/refresh"

// readApplication reads an Application. What is in its spec and is not played here is an error, told beside what could be read.
func readApplication(object *unstructured.Unstructured) (application, error) {
	content, err := object.MarshalJSON()
	if err != nil {
		return application{}, err
	}
	var app application
	if err := json.Unmarshal(content, &app); err != nil {
		return app, err
	}
	return app, app.supported(object)
}

// readSpec reads an object's spec; each field of it that is not played here is an error.
func readSpec(object *unstructured.Unstructured, into any) []error {
	content, err := json.Marshal(object.Object["spec"])
	if err != nil {
		return []error{err}
	}
	unknown, err := strict.UnmarshalStrict(content, into)
	return append(unknown, err)
}

// syncOptions are those that are handed on to the engine.
var syncOptions = []string{
	common.SyncOptionServerSideApply, "CreateNamespace=true", common.SyncOptionPruneLast, common.SyncOptionApplyOutOfSyncOnly,
}

func (a application) supported(object *unstructured.Unstructured) error {
	problems := readSpec(object, &applicationSpec{})
	if server := a.Spec.Destination.Server; server != inClusterServer {
		problems = append(problems, fmt.Errorf("destination %q: the lab's Argo CD knows %s alone", server, inClusterServer))
	}
	if a.Spec.SyncPolicy != nil {
		for _, option := range a.Spec.SyncPolicy.SyncOptions {
			if !slices.Contains(syncOptions, option) {
				problems = append(problems, fmt.Errorf("sync option %s", option))
			}
		}
	}
	for _, finalizer := range a.Metadata.Finalizers {
		if finalizer != cascadeFinalizer && finalizer != backgroundFinalizer {
			problems = append(problems, fmt.Errorf("finalizer %s", finalizer))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("the lab's Argo CD does not play: %w", err)
	}
	return nil
}
