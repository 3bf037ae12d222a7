package rest

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// managed speaks the plugin protocol's side of a behaviour.
type managed[C any] struct{ Behaviour[C] }

var _ provider.Resource = (*managed[any])(nil)

// New is the resource that behaves so.
func New[C any](behaviour Behaviour[C]) provider.Resource { return &managed[C]{behaviour} }

// Resources are the resources of one plugin by their full tokens; the behaviours' keys lack prefix.
func Resources[C any](
	prefix string, client func() (C, error), behaviours map[string]Behaviour[C],
) map[string]provider.Resource {
	resources := map[string]provider.Resource{}
	for token, one := range behaviours {
		one.Client = client
		resources[prefix+token] = New(one)
	}
	return resources
}

// Check leaves the inputs as they are and names what is wrong.
func (m *managed[C]) Check(
	_ context.Context, req provider.Check,
) (provider.Map, []provider.Failure, error) {
	refused := m.Schema.check("", req.News)
	if len(refused) == 0 && m.Validate != nil {
		refused = m.Validate(req.News)
	}
	return req.News, refused, nil
}

// Diff compares the state with the plan; a replacement is made before the old one is deleted.
func (m *managed[C]) Diff(_ context.Context, req provider.Change) (provider.Diff, error) {
	planned := m.plan(req.State, req.News)
	found := m.Schema.compare(req.State, req.News, planned)
	if m.Compare != nil {
		m.Compare(req.State, planned, found)
	}
	for path := range found {
		if ignored(path, req.IgnoreChanges) {
			delete(found, path)
		}
	}
	return provider.Diff{Properties: found}, nil
}

func (m *managed[C]) plan(state, news provider.Map) provider.Map {
	planned := m.Schema.plan(state, news)
	if m.Adjust != nil {
		m.Adjust(state, news, planned)
	}
	return planned
}

// Preview knows what is given and its defaults.
func (m *managed[C]) Preview(inputs provider.Map) provider.Map {
	return m.Schema.hide(m.Schema.preview(nil, m.plan(nil, inputs), true))
}

// PreviewUpdate keeps what the server chose, but for what moves.
func (m *managed[C]) PreviewUpdate(req provider.Change) provider.Map {
	planned := m.plan(req.State, req.News)
	shown := m.Schema.preview(req.State, planned, false)
	if m.Foresee != nil {
		m.Foresee(req.State, planned, shown)
	}
	return m.Schema.hide(shown)
}

// Create carries out the plan of the inputs.
func (m *managed[C]) Create(
	ctx context.Context, call provider.Call, inputs provider.Map,
) (string, provider.Map, error) {
	client, err := m.Client()
	if err != nil {
		return "", nil, err
	}
	if m.WarnOnCreate {
		m.warn(ctx, call)
	}
	id, state, err := m.Behaviour.Create(ctx, client, m.plan(nil, inputs).Mappable())
	if err != nil {
		return "", nil, report(ctx, call, err)
	}
	return id, m.store(state), nil
}

// Read looks at the resource; its inputs stay, so that the next plan puts right what drifted.
func (m *managed[C]) Read(
	ctx context.Context, req provider.Read,
) (provider.Map, provider.Map, bool, error) {
	client, err := m.Client()
	if err != nil {
		return nil, nil, false, err
	}
	if len(req.State) == 0 {
		return nil, nil, false, provider.NoImport(req.Call)
	}
	state := Object(req.State.Mappable())
	read, found, err := m.Behaviour.Read(ctx, client, req.Call, state)
	if err != nil || !found {
		return nil, nil, false, report(ctx, req.Call, err)
	}
	return m.store(remember(state, read)), req.Inputs, true, nil
}

// Update carries out the plan of new inputs.
func (m *managed[C]) Update(ctx context.Context, req provider.Change) (provider.Map, error) {
	client, err := m.Client()
	if err != nil {
		return nil, err
	}
	state, err := m.Behaviour.Update(ctx, client, req.ID,
		req.State.Mappable(), m.plan(req.State, req.News).Mappable())
	if err != nil {
		return nil, report(ctx, req.Call, err)
	}
	return m.store(remember(req.State.Mappable(), state)), nil
}

// Delete removes the resource, where that needs a call.
func (m *managed[C]) Delete(ctx context.Context, call provider.Call, state provider.Map) error {
	m.warn(ctx, call)
	if m.Behaviour.Delete == nil {
		return nil
	}
	client, err := m.Client()
	if err != nil {
		return err
	}
	return report(ctx, call, m.Behaviour.Delete(ctx, client, call.ID, state.Mappable()))
}

func (m *managed[C]) store(state Object) provider.Map {
	return m.Schema.hide(resource.NewPropertyMapFromMap(state))
}

// remember keeps the notes of earlier operations: names that start with two underscores, which are neither
// compared nor sent.
func remember(before, now Object) Object {
	for name, value := range before {
		if strings.HasPrefix(name, "__") && !now.Has(name) {
			now = now.With(Object{name: value})
		}
	}
	return now
}

func (m *managed[C]) warn(ctx context.Context, call provider.Call) {
	if m.Warning != "" {
		provider.Log(ctx, call, diag.Warning, "Resource Destruction Considerations: "+m.Warning)
	}
}
