// Package passes is how an operator works: in passes over everything that it answers for.
package passes

import (
	"context"
	"time"
)

// between is the least pause between two passes. Objects change in swarms, and a pass looks at all of them: one after the
// swarm does what one for each change would.
const between = 150 * time.Millisecond

// Log is told of passes that failed.
type Log interface {
	Warn(message string, arguments ...any)
}

// Repeat makes a pass after each change, or after several that came together, until ctx ends. A pass in which something failed or is not
// finished, for example on a conflict, is repeated after a pause of the length again.
func Repeat(
	ctx context.Context, changed <-chan struct{}, again time.Duration, log Log,
	pass func(context.Context) error,
) {
	var retry <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-retry:
		}
		retry = nil
		if err := pass(ctx); err != nil && ctx.Err() == nil {
			log.Warn("not everything is in place; trying again", "error", err)
			retry = time.After(again)
		}
		select {
		case <-ctx.Done():
		case <-time.After(between):
		}
	}
}
