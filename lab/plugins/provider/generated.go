package provider

import (
	"context"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Generated is a resource that is computed once from its inputs, kept in the state, and made anew when
// any input changes. It exists nowhere else.
type Generated struct {
	// Inputs that the resource takes.
	Inputs []Input
	// Outputs are the names beside the inputs; Secrets those of them that are secret.
	Outputs, Secrets []string
	// Validate names what is wrong with inputs that are all known; nil accepts.
	Validate func(Map) []Failure
	// Make returns the id and the outputs.
	Make func(inputs Map) (string, Map, error)
}

// Input is a property with an optional default.
type Input struct {
	Name     string
	Required bool
	// Default is set when the program names no value; nil sets nothing.
	Default any
}

var _ Resource = (*Generated)(nil)

// Check fills in defaults and refuses unknown names and missing values.
func (g *Generated) Check(_ context.Context, req Check) (Map, []Failure, error) {
	checked, refused := Copy(req.News), []Failure(nil)
	for key := range req.News {
		if !slices.ContainsFunc(g.Inputs, func(i Input) bool { return i.Name == string(key) }) {
			refused = append(refused, Failure{string(key), "is not an input of this resource"})
		}
	}
	for _, input := range g.Inputs {
		key := resource.PropertyKey(input.Name)
		if checked.HasValue(key) {
			continue
		}
		if input.Required {
			refused = append(refused, Failure{input.Name, "Missing required argument"})
		} else if input.Default != nil {
			checked[key] = resource.NewPropertyValue(input.Default)
		}
	}
	if len(refused) == 0 && g.Validate != nil && !checked.ContainsUnknowns() {
		refused = g.Validate(checked)
	}
	return checked, refused, nil
}

// Diff replaces on any change; the new one is made first.
func (g *Generated) Diff(_ context.Context, req Change) (Diff, error) {
	olds := Map{}
	for _, input := range g.Inputs {
		key := resource.PropertyKey(input.Name)
		// The state also holds inputs that were computed (`number` from `numeric`): not named, not compared.
		if value, ok := req.State[key]; ok && (req.News.HasValue(key) || req.OldInputs.HasValue(key)) {
			olds[key] = value
		}
	}
	diff := Diff{Properties: map[string]Difference{}}
	for path, difference := range Compare(olds, req.News) {
		if slices.Contains(req.IgnoreChanges, path) || slices.Contains(req.IgnoreChanges, Root(path)) {
			continue
		}
		difference.Replace = true
		diff.Properties[path] = difference
	}
	return diff, nil
}

// Preview knows the inputs; the outputs are unknown.
func (g *Generated) Preview(inputs Map) Map {
	state := Copy(inputs)
	for _, name := range g.Outputs {
		state[resource.PropertyKey(name)] = Unknown()
	}
	return g.hide(state)
}

// Create computes the outputs.
func (g *Generated) Create(_ context.Context, _ Call, inputs Map) (string, Map, error) {
	id, outputs, err := g.Make(inputs)
	if err != nil {
		return "", nil, err
	}
	return id, g.hide(Copy(inputs, outputs)), nil
}

// Read finds what the state holds; there is nowhere else to look.
func (g *Generated) Read(_ context.Context, req Read) (Map, Map, bool, error) {
	if len(req.State) == 0 {
		return nil, nil, false, NoImport(req.Call)
	}
	return g.hide(Copy(req.State)), req.Inputs, true, nil
}

// PreviewUpdate changes nothing: every difference replaces.
func (g *Generated) PreviewUpdate(req Change) Map { return g.hide(Copy(req.State, req.News)) }

// Update happens only for ignored differences.
func (g *Generated) Update(_ context.Context, req Change) (Map, error) {
	return g.hide(Copy(req.State)), nil
}

// Delete has nothing to remove.
func (g *Generated) Delete(context.Context, Call, Map) error { return nil }

func (g *Generated) hide(state Map) Map {
	for _, name := range g.Secrets {
		key := resource.PropertyKey(name)
		if value, ok := state[key]; ok && !value.IsSecret() {
			state[key] = Secret(value)
		}
	}
	return state
}
