package volsync

import (
	"context"
	"errors"
	"time"

	"github.com/robfig/cron/v3"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// replication is a ReplicationSource or a ReplicationDestination, as far as it is played.
type replication struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              spec   `json:"spec"`
	Status            status `json:"status"`
}

type spec struct {
	SourcePVC string `json:"sourcePVC"`
	Paused    bool   `json:"paused"`
	Trigger   struct {
		Schedule string `json:"schedule"`
		Manual   string `json:"manual"`
	} `json:"trigger"`
	Restic *restic `json:"restic"`
}

type status struct {
	LastSyncTime      *metav1.Time       `json:"lastSyncTime,omitempty"`
	LastSyncStartTime *metav1.Time       `json:"lastSyncStartTime,omitempty"`
	LastSyncDuration  string             `json:"lastSyncDuration,omitempty"`
	NextSyncTime      *metav1.Time       `json:"nextSyncTime,omitempty"`
	LastManualSync    string             `json:"lastManualSync,omitempty"`
	LatestMoverStatus *moverStatus       `json:"latestMoverStatus,omitempty"`
	LatestImage       *image             `json:"latestImage,omitempty"`
	Conditions        []metav1.Condition `json:"conditions,omitempty"`
	Restic            *sourceStatus      `json:"restic,omitempty"`
}

type moverStatus struct {
	Result string `json:"result,omitempty"`
	Logs   string `json:"logs,omitempty"`
}

type sourceStatus struct {
	LastPruned   *metav1.Time `json:"lastPruned,omitempty"`
	LastUnlocked string       `json:"lastUnlocked,omitempty"`
}

// image is what a restore has left: the claim itself, or a snapshot of it.
type image struct {
	APIGroup string `json:"apiGroup"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
}

func (r *replication) source() bool { return r.Kind == "ReplicationSource" }

// replicate brings all objects of a kind one step further.
func (m *manager) replicate(ctx context.Context, kind schema.GroupVersionResource) error {
	list, err := m.dynamic.Resource(kind).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var failed error
	for i := range list.Items {
		failed = errors.Join(failed, m.reconcile(ctx, kind, &list.Items[i]))
	}
	return failed
}

func (m *manager) reconcile(ctx context.Context, kind schema.GroupVersionResource, object *unstructured.Unstructured) error {
	if object.GetDeletionTimestamp() != nil {
		return nil
	}
	var r replication
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &r); err != nil {
		return err
	}
	failed := m.run(ctx, &r)
	if failed != nil {
		r.condition(m.now(), metav1.ConditionFalse, "Error", failed.Error())
	}
	written, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&r.Status)
	if err != nil {
		return err
	}
	if equality.Semantic.DeepEqual(object.Object["status"], any(written)) {
		return failed
	}
	object.Object["status"] = written
	_, err = m.dynamic.Resource(kind).Namespace(object.GetNamespace()).UpdateStatus(ctx, object, metav1.UpdateOptions{})
	return errors.Join(failed, err)
}

// run is VolSync's state machine (statemachine/machine.go): what has never begun begins at once, what has begun goes on until
// its mover has succeeded, and what has ended cleans up and waits for its trigger. A manual one comes before a schedule.
func (m *manager) run(ctx context.Context, r *replication) error {
	if r.Spec.Restic == nil {
		return errors.New("no replication method was found; the lab's VolSync knows restic")
	}
	if r.Status.LatestMoverStatus == nil {
		r.Status.LatestMoverStatus = &moverStatus{}
	}
	if r.source() && r.Status.Restic == nil {
		r.Status.Restic = &sourceStatus{}
	}
	switch {
	case r.Status.LastSyncStartTime != nil:
		return m.goOn(ctx, r)
	case r.Status.LastSyncTime == nil:
		r.begin(m.now())
		return nil
	}
	if err := m.cleanUp(ctx, r); err != nil {
		return err
	}
	if err := r.next(); err != nil {
		return err
	}
	if r.due(m.now()) {
		r.begin(m.now())
		return nil
	}
	reason, message := "WaitingForManual", "Waiting for manual trigger"
	if r.Spec.Trigger.Manual == "" {
		reason, message = "WaitingForSchedule", "Waiting for next scheduled synchronization"
	}
	r.condition(m.now(), metav1.ConditionFalse, reason, message)
	return nil
}

func (r *replication) begin(now time.Time) {
	r.Status.LastSyncStartTime = &metav1.Time{Time: now}
	r.condition(now, metav1.ConditionTrue, "SyncInProgress", "Synchronization in-progress")
}

func (m *manager) goOn(ctx context.Context, r *replication) error {
	made, done, err := m.synchronize(ctx, r)
	if err != nil || !done {
		if err == nil {
			r.condition(m.now(), metav1.ConditionTrue, "SyncInProgress", "Synchronization in-progress")
		}
		return err
	}
	if !r.source() {
		if err := m.forget(ctx, r, made); err != nil {
			return err
		}
		r.Status.LatestImage = made
	}
	now := m.now()
	r.Status.LastSyncTime = &metav1.Time{Time: now}
	r.Status.LastSyncDuration = now.Sub(r.Status.LastSyncStartTime.Time).String()
	r.Status.LastManualSync = r.Spec.Trigger.Manual
	r.Status.LastSyncStartTime = nil
	r.condition(now, metav1.ConditionTrue, "CleaningUp", "Cleaning up")
	return r.next()
}

// schedules are read as VolSync reads them.
var schedules = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// next says when the schedule wants the next sync, counted from the last.
func (r *replication) next() error {
	r.Status.NextSyncTime = nil
	if r.Spec.Trigger.Manual != "" || r.Spec.Trigger.Schedule == "" {
		return nil
	}
	schedule, err := schedules.Parse(r.Spec.Trigger.Schedule)
	if err != nil {
		return err
	}
	r.Status.NextSyncTime = &metav1.Time{Time: schedule.Next(r.Status.LastSyncTime.UTC())}
	return nil
}

// due tells whether a sync is to begin; without a trigger one follows the other.
func (r *replication) due(now time.Time) bool {
	switch {
	case r.Spec.Trigger.Manual != "":
		return r.Spec.Trigger.Manual != r.Status.LastManualSync
	case r.Spec.Trigger.Schedule != "":
		return now.After(r.Status.NextSyncTime.Time)
	}
	return true
}

// condition sets the one that VolSync has.
func (r *replication) condition(now time.Time, value metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&r.Status.Conditions, metav1.Condition{
		Type: "Synchronizing", Status: value, Reason: reason, Message: message, LastTransitionTime: metav1.Time{Time: now},
	})
}
