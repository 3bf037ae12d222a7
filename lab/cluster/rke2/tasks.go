package main

import (
	"context"
	"fmt"
	"slices"

	"homelab/lab/cluster/rke2/process"
)

// tasks are the parts of a node that run side by side. Stages are stopped in the reverse order
// of their start, so that what a part depends on outlives it; the parts of one stage are stopped
// together.
type tasks struct {
	// fail ends the whole node with the cause.
	fail   context.CancelCauseFunc
	stages [][]task
}

type task struct {
	stop context.CancelFunc
	done chan struct{}
}

// stage begins a new one: what starts from now on depends on what started before.
func (t *tasks) stage() { t.stages = append(t.stages, nil) }

func (t *tasks) start(name string, f func(context.Context) error) {
	if len(t.stages) == 0 {
		t.stage()
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	last := len(t.stages) - 1
	t.stages[last] = append(t.stages[last], task{cancel, done})
	go func() {
		defer close(done)
		if err := f(ctx); err != nil && ctx.Err() == nil {
			t.fail(fmt.Errorf("%s: %w", name, err))
		}
	}()
}

// keep takes over or starts a child and looks after it. One that still ran with other settings has
// ended when keep returns.
func (t *tasks) keep(child *process.Child) error {
	if err := child.TakeOver(); err != nil {
		return fmt.Errorf("%s: %w", child.Name, err)
	}
	t.start(child.Name, child.Run)
	return nil
}

func (t *tasks) stop() {
	for _, stage := range slices.Backward(t.stages) {
		for _, one := range stage {
			one.stop()
		}
		for _, one := range stage {
			<-one.done
		}
	}
	t.stages = nil
}
