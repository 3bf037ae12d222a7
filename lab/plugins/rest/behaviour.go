package rest

import (
	"context"

	"homelab/lab/plugins/provider"
)

// Behaviour is what a resource is beyond its fields; C is the API's client.
type Behaviour[C any] struct {
	Schema Schema
	// Client is the configured client, or why there is none.
	Client func() (C, error)
	// Validate names what is wrong with inputs; nil accepts. It must let unknown values pass.
	Validate func(provider.Map) []provider.Failure
	// Adjust changes a plan before it is compared, shown or carried out; without state it is a creation.
	Adjust func(state, news, plan provider.Map)
	// Compare adds to the differences between state and plan, or takes from them.
	Compare func(state, plan provider.Map, found map[string]provider.Difference)
	// Foresee changes what the preview of an update shows, before secrets are marked.
	Foresee func(state, plan, shown provider.Map)
	// Warning is shown when the resource is deleted, and also when it is created with WarnOnCreate.
	Warning      string
	WarnOnCreate bool

	Create func(ctx context.Context, client C, plan Object) (id string, state Object, err error)
	// Read returns false for what is gone.
	Read   func(ctx context.Context, client C, call provider.Call, state Object) (Object, bool, error)
	Update func(ctx context.Context, client C, id string, state, plan Object) (Object, error)
	// Delete may be nil: then there is nothing to call.
	Delete func(ctx context.Context, client C, id string, state Object) error
}
