package passes

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestEveryAsksForAPassAtOnceAndThenEachPeriod(t *testing.T) {
	count(t, 31*time.Second, 4, func(ctx context.Context, changed Changes) { changed.Every(ctx, 10*time.Second) }, nil)
}

func TestASwarmOfChangesIsOnePassBesideTheOneThatRuns(t *testing.T) {
	count(t, time.Minute, 2, func(_ context.Context, changed Changes) {
		for range 10 {
			changed.Notify()
			time.Sleep(between / 20)
		}
	}, nil)
}

func TestAPassThatFailedIsRepeated(t *testing.T) {
	failures := []error{errors.New("a conflict"), errors.New("another one"), nil}
	count(t, time.Minute, 3, func(_ context.Context, changed Changes) { changed.Notify() }, failures)
}

// count lets passes happen for a time in which changes come as ask says; the first ones end in failures.
func count(t *testing.T, length time.Duration, want int, ask func(context.Context, Changes), failures []error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), length)
		defer stop()
		changed, passes := NewChanges(), 0
		go ask(ctx, changed)
		Repeat(ctx, changed, time.Second, slog.New(slog.DiscardHandler), func(context.Context) error {
			passes++
			if passes > len(failures) {
				return nil
			}
			return failures[passes-1]
		})
		if passes != want {
			t.Errorf("%d passes, want %d", passes, want)
		}
	})
}
