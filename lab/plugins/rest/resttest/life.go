package resttest

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// Life is a resource as the engine sees it.
type Life struct {
	T        *testing.T
	Resource provider.Resource
	ID       string
	// State has no secrets, as the server takes them away.
	State, Inputs provider.Map
	// Marked is the state with its secrets.
	Marked provider.Map
}

// Inputs makes properties of plain values; "<unknown>" stands for one that is not known yet.
func Inputs(plain map[string]any) provider.Map {
	return resource.NewPropertyMapFromMapRepl(plain, nil,
		func(value any) (resource.PropertyValue, bool) {
			return provider.Unknown(), value == "<unknown>"
		})
}

// Check is why inputs are refused.
func (l *Life) Check(inputs map[string]any) []provider.Failure {
	l.T.Helper()
	_, refused, err := l.Resource.Check(l.T.Context(), provider.Check{News: Inputs(inputs)})
	if err != nil {
		l.T.Fatal(err)
	}
	return refused
}

// Create makes the resource, or returns why not.
func (l *Life) Create(inputs map[string]any) error {
	l.T.Helper()
	if refused := l.Check(inputs); len(refused) > 0 {
		l.T.Fatalf("refused: %v", refused)
	}
	id, state, err := l.Resource.Create(l.T.Context(), provider.Call{}, Inputs(inputs))
	if err != nil {
		return err
	}
	l.ID, l.Inputs = id, Inputs(inputs)
	l.store(state)
	return nil
}

// Diff lists the paths at which new inputs differ; "!" marks those that replace.
func (l *Life) Diff(inputs map[string]any) []string {
	l.T.Helper()
	diff, err := l.Resource.Diff(l.T.Context(), l.change(inputs))
	if err != nil {
		l.T.Fatal(err)
	}
	paths := []string{}
	for path, difference := range diff.Properties {
		if difference.Replace {
			path += "!"
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// Preview is what an update is shown to lead to.
func (l *Life) Preview(inputs map[string]any) provider.Map {
	return l.Resource.PreviewUpdate(l.change(inputs))
}

// Update changes the resource, or returns why not.
func (l *Life) Update(inputs map[string]any) error {
	l.T.Helper()
	state, err := l.Resource.Update(l.T.Context(), l.change(inputs))
	if err != nil {
		return err
	}
	l.Inputs = Inputs(inputs)
	l.store(state)
	return nil
}

// Refresh reads the resource; a false means that it is gone.
func (l *Life) Refresh() (bool, error) {
	l.T.Helper()
	state, _, found, err := l.Resource.Read(l.T.Context(),
		provider.Read{Call: provider.Call{ID: l.ID}, Inputs: l.Inputs, State: l.State})
	if err == nil && found {
		l.store(state)
	}
	return found, err
}

// Delete removes the resource.
func (l *Life) Delete() error {
	l.T.Helper()
	return l.Resource.Delete(l.T.Context(), provider.Call{ID: l.ID}, l.State)
}

func (l *Life) change(inputs map[string]any) provider.Change {
	return provider.Change{
		Call: provider.Call{ID: l.ID}, State: l.State, OldInputs: l.Inputs, News: Inputs(inputs),
	}
}

func (l *Life) store(state provider.Map) {
	l.Marked = state
	l.State = unmarked(resource.NewProperty(state)).ObjectValue()
}

func unmarked(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return unmarked(value.SecretValue().Element)
	case value.IsObject():
		plain := provider.Map{}
		for key, item := range value.ObjectValue() {
			plain[key] = unmarked(item)
		}
		return resource.NewProperty(plain)
	}
	return value
}
