package rest

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// plan is what a program asks for: its inputs, defaults for what it leaves out, and what the server chose
// before where neither says anything. Outputs are not part of it.
func (s Schema) plan(state, news provider.Map) provider.Map {
	planned := provider.Map{}
	for name, field := range s {
		key := resource.PropertyKey(name)
		if value := field.plan(state[key], news[key]); !value.IsNull() {
			planned[key] = value
		}
	}
	return planned
}

func (f Field) plan(old, new resource.PropertyValue) resource.PropertyValue {
	switch {
	case f.Output:
		return resource.NewNullProperty()
	case new.IsNull() && f.Default != nil:
		return resource.NewPropertyValue(f.Default)
	case new.IsNull() && f.Computed:
		return old
	case f.Kind == Nested && new.IsObject():
		var before provider.Map
		if old.IsObject() {
			before = old.ObjectValue()
		}
		return resource.NewProperty(f.Fields.plan(before, new.ObjectValue()))
	case f.Kind == List && new.IsArray():
		items := make([]resource.PropertyValue, len(new.ArrayValue()))
		for i, item := range new.ArrayValue() {
			// Lists have no identity: an element that moved must not inherit what the server chose for another.
			items[i] = f.item().plan(resource.NewNullProperty(), item)
		}
		return resource.NewProperty(items)
	default:
		return new
	}
}

// preview is the state that a plan leads to as far as it can be told. With a prior state the server's
// values stay, but for those that move.
func (s Schema) preview(state, planned provider.Map, fresh bool) provider.Map {
	shown := provider.Copy(planned)
	for key, value := range state {
		if strings.HasPrefix(string(key), "__") {
			shown[key] = value
		}
	}
	for name, field := range s {
		key := resource.PropertyKey(name)
		switch {
		case field.Kind == Nested && shown[key].IsObject():
			var before provider.Map
			if state[key].IsObject() {
				before = state[key].ObjectValue()
			}
			shown[key] = resource.NewProperty(field.Fields.preview(before, shown[key].ObjectValue(), fresh))
		case shown.HasValue(key):
		case fresh && (field.Output || field.Computed), field.Moves:
			shown[key] = provider.Unknown()
		case field.Output || field.Computed:
			if value, ok := state[key]; ok {
				shown[key] = value
			}
		}
	}
	return shown
}

// hide marks the secret values, at any depth.
func (s Schema) hide(state provider.Map) provider.Map {
	hidden := provider.Copy(state)
	for name, field := range s {
		key := resource.PropertyKey(name)
		value, ok := hidden[key]
		switch {
		case !ok || value.IsNull():
		case field.Secret:
			hidden[key] = provider.Secret(value)
		case field.Kind == Nested && value.IsObject():
			hidden[key] = resource.NewProperty(field.Fields.hide(value.ObjectValue()))
		}
	}
	return hidden
}
