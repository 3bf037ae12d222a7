package proxmoxve

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// simple is a resource that a schema and four calls describe.
type simple struct {
	*plugin
	schema schema
	// validate may refuse inputs that are all known.
	validate func(block) []provider.Failure
	create   func(ctx context.Context, a *api, inputs block) (id string, state block, err error)
	// read returns false for what is gone.
	read   func(ctx context.Context, a *api, id string, state block) (block, bool, error)
	update func(ctx context.Context, a *api, id string, old, inputs block) (block, error)
	remove func(ctx context.Context, a *api, id string, state block) error
}

var _ provider.Resource = (*simple)(nil)

// Check fills in defaults.
func (s *simple) Check(
	_ context.Context, req provider.Check,
) (provider.Map, []provider.Failure, error) {
	checked, refused := s.schema.check("", req.News)
	if len(refused) == 0 && s.validate != nil && !checked.ContainsUnknowns() {
		refused = s.validate(checked.Mappable())
	}
	return checked, refused, nil
}

// Diff compares by the schema; a replacement is made before the old one is deleted.
func (s *simple) Diff(_ context.Context, req provider.Change) (provider.Diff, error) {
	return provider.Diff{Properties: s.schema.diff(req.State, req.News, req.IgnoreChanges)}, nil
}

// Preview knows what is given.
func (s *simple) Preview(inputs provider.Map) provider.Map {
	state := provider.Copy(inputs)
	for name, described := range s.schema {
		key := resource.PropertyKey(name)
		if described.output || described.computed && !state.HasValue(key) {
			state[key] = provider.Unknown()
		}
	}
	return state
}

// PreviewUpdate keeps what the server chose.
func (s *simple) PreviewUpdate(req provider.Change) provider.Map { return keepOutputs(s.schema, req) }

// Create calls create.
func (s *simple) Create(
	ctx context.Context, _ provider.Call, inputs provider.Map,
) (string, provider.Map, error) {
	a, err := s.client()
	if err != nil {
		return "", nil, err
	}
	id, state, err := s.create(ctx, a, inputs.Mappable())
	if err != nil {
		return "", nil, err
	}
	return id, resource.NewPropertyMapFromMap(state), nil
}

// Read calls read.
func (s *simple) Read(
	ctx context.Context, req provider.Read,
) (provider.Map, provider.Map, bool, error) {
	if len(req.State) == 0 {
		return nil, nil, false, provider.NoImport(req.Call)
	}
	a, err := s.client()
	if err != nil {
		return nil, nil, false, err
	}
	state, found, err := s.read(ctx, a, req.ID, req.State.Mappable())
	if err != nil || !found {
		return nil, nil, false, err
	}
	return resource.NewPropertyMapFromMap(state), req.Inputs, true, nil
}

// Update calls update.
func (s *simple) Update(ctx context.Context, req provider.Change) (provider.Map, error) {
	a, err := s.client()
	if err != nil {
		return nil, err
	}
	state, err := s.update(ctx, a, req.ID, req.State.Mappable(), req.News.Mappable())
	if err != nil {
		return nil, err
	}
	return resource.NewPropertyMapFromMap(state), nil
}

// Delete calls remove.
func (s *simple) Delete(ctx context.Context, call provider.Call, state provider.Map) error {
	a, err := s.client()
	if err != nil {
		return err
	}
	return s.remove(ctx, a, call.ID, state.Mappable())
}

// with is a copy with further values.
func (b block) with(more block) block {
	copied := block{}
	for name, value := range b {
		copied[name] = value
	}
	for name, value := range more {
		copied[name] = value
	}
	return copied
}
