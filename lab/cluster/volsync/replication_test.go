package volsync

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func at(text string) *metav1.Time {
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return &metav1.Time{Time: moment}
}

func TestAManualTriggerComesBeforeASchedule(t *testing.T) {
	r := &replication{Status: status{LastSyncTime: at("2026-11-28T03:10:00Z"), LastManualSync: "one"}}
	r.Spec.Trigger.Schedule = "10 3 * * *"
	if err := r.next(); err != nil || !r.Status.NextSyncTime.Equal(at("2026-11-29T03:10:00Z")) {
		t.Errorf("next is %v, %v", r.Status.NextSyncTime, err)
	}
	now := at("2026-11-30T00:00:00Z").Time
	if !r.due(now) {
		t.Error("the schedule's moment is over, and nothing is due")
	}
	r.Spec.Trigger.Manual = "one"
	if err := r.next(); err != nil || r.Status.NextSyncTime != nil || r.due(now) {
		t.Error("a manual trigger that was answered waits for another one")
	}
	r.Spec.Trigger.Manual = "two"
	if !r.due(now) {
		t.Error("another manual trigger is due")
	}
}

func TestItIsOutOfSyncUntilTheFirstSyncAndWhileOneTakesTooLong(t *testing.T) {
	r := &replication{Status: status{LastSyncStartTime: at("2026-11-27T03:10:00Z")}}
	r.Spec.Trigger.Schedule = "10 3 * * *"
	if r.outOfSync(at("2026-11-27T03:11:00Z").Time) != 1 {
		t.Error("it was never saved, and counts as in sync")
	}
	r.Status.LastSyncTime, r.Status.LastSyncStartTime = at("2026-11-27T03:12:00Z"), nil
	if r.outOfSync(at("2026-11-28T03:00:00Z").Time) != 0 {
		t.Error("it was saved, and counts as out of sync")
	}
	r.Status.LastSyncStartTime = at("2026-11-28T03:10:00Z")
	if r.outOfSync(at("2026-11-28T03:20:00Z").Time) != 0 || r.outOfSync(at("2026-11-29T03:11:00Z").Time) != 1 {
		t.Error("a sync goes on after the next should have begun")
	}
}

func TestAMoverPrunesOnceTheIntervalIsOver(t *testing.T) {
	days := int32(7)
	r := &replication{Spec: spec{Restic: &restic{PruneIntervalDays: &days, Unlock: "a"}}, Status: status{Restic: &sourceStatus{}}}
	r.Kind, r.CreationTimestamp = "ReplicationSource", *at("2026-11-01T00:00:00Z")
	if actions := r.actions(at("2026-11-02T00:00:00Z").Time); !slices.Equal(actions, []string{"unlock", "backup"}) {
		t.Errorf("on the first day it does %v", actions)
	}
	r.Status.Restic.LastUnlocked = "a"
	if actions := r.actions(at("2026-11-09T00:00:00Z").Time); !slices.Equal(actions, []string{"backup", "prune"}) {
		t.Errorf("after a week it does %v", actions)
	}
}

func TestAnEmptyPolicyKeepsOne(t *testing.T) {
	if options := forgetOptions(nil); options != "--keep-last 1" {
		t.Errorf("it forgets by %q", options)
	}
	if options := forgetOptions(map[string]any{"weekly": int64(4), "daily": int64(7)}); options != "--keep-daily 7 --keep-weekly 4" {
		t.Errorf("it forgets by %q", options)
	}
}
