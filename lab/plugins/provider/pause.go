package provider

import (
	"context"
	"time"
)

// Pause waits, or ends early with the context's error.
func Pause(ctx context.Context, how time.Duration) error {
	timer := time.NewTimer(how)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
