package kubernetes

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// changes compares two trees of plain values. Paths are written as the engine writes them:
// `spec.ports[0].port`, `metadata.annotations["a.b/c"]`.
type changes struct {
	// replacing are the paths whose change needs a new object, `.spec.clusterIP`.
	replacing []string
	found     map[string]*pulumirpc.PropertyDiff
}

// step is a key of an object (string) or a position in a list (int).
type step any

// compare gives the difference that turns old into wanted. oldInputs has the shape of what the
// program said before; a field of old that is neither there nor in wanted belongs to the server.
func compare(old, oldInputs, wanted map[string]any, replacing []string) map[string]*pulumirpc.PropertyDiff {
	c := &changes{replacing: replacing, found: map[string]*pulumirpc.PropertyDiff{}}
	c.objects(nil, old, oldInputs, wanted)
	return c.found
}

func (c *changes) objects(path []step, old, oldInputs, wanted map[string]any) {
	for key, value := range wanted {
		before, existed := old[key]
		if value == nil {
			// An explicit null asks for the field to be absent.
			if existed && before != nil && oldInputs[key] != nil {
				c.add(with(path, key), pulumirpc.PropertyDiff_DELETE, nil)
			}
			continue
		}
		c.value(with(path, key), before, existed, oldInputs[key], value)
	}
	for key := range oldInputs {
		if _, stays := wanted[key]; stays {
			continue
		}
		if before, existed := old[key]; existed && before != nil {
			c.add(with(path, key), pulumirpc.PropertyDiff_DELETE, nil)
		}
	}
}

func (c *changes) value(path []step, old any, existed bool, oldInput, wanted any) {
	if !existed || old == nil {
		c.add(path, pulumirpc.PropertyDiff_ADD, wanted)
		return
	}
	switch wanted := wanted.(type) {
	case resource.Computed, resource.Output:
		c.add(path, pulumirpc.PropertyDiff_UPDATE, wanted)
		return
	case map[string]any:
		if before, ok := old.(map[string]any); ok {
			inputs, _ := oldInput.(map[string]any)
			c.objects(path, before, inputs, wanted)
			return
		}
	case []any:
		if before, ok := old.([]any); ok {
			inputs, _ := oldInput.([]any)
			c.lists(path, before, inputs, wanted)
			return
		}
	}
	if !sameValue(old, wanted) {
		c.add(path, pulumirpc.PropertyDiff_UPDATE, wanted)
	}
}

func (c *changes) lists(path []step, old, oldInputs, wanted []any) {
	for i := 0; i < max(len(old), len(wanted)); i++ {
		switch {
		case i >= len(wanted):
			c.add(with(path, i), pulumirpc.PropertyDiff_DELETE, nil)
		case i >= len(old):
			c.add(with(path, i), pulumirpc.PropertyDiff_ADD, wanted[i])
		case wanted[i] == nil && old[i] == nil:
		default:
			var input any
			if i < len(oldInputs) {
				input = oldInputs[i]
			}
			c.value(with(path, i), old[i], true, input, wanted[i])
		}
	}
}

func (c *changes) add(path []step, kind pulumirpc.PropertyDiff_Kind, value any) {
	if c.replaces(path, value) {
		switch kind {
		case pulumirpc.PropertyDiff_ADD:
			kind = pulumirpc.PropertyDiff_ADD_REPLACE
		case pulumirpc.PropertyDiff_DELETE:
			kind = pulumirpc.PropertyDiff_DELETE_REPLACE
		default:
			kind = pulumirpc.PropertyDiff_UPDATE_REPLACE
		}
	}
	c.found[written(path)] = &pulumirpc.PropertyDiff{
		Kind:      kind,
		InputDiff: kind == pulumirpc.PropertyDiff_DELETE || kind == pulumirpc.PropertyDiff_DELETE_REPLACE,
	}
}

// replaces says whether a change at path touches a replacing path: it lies at or below one, or its
// new value holds one.
func (c *changes) replaces(path []step, value any) bool {
	for _, pattern := range c.replacing {
		wanted := strings.Split(strings.TrimPrefix(pattern, "."), ".")
		if matches(path, wanted, value) {
			return true
		}
	}
	return false
}

func matches(path []step, pattern []string, value any) bool {
	if len(pattern) == 0 {
		return true
	}
	if len(path) > 0 {
		if key, ok := path[0].(string); ok {
			return key == pattern[0] && matches(path[1:], pattern[1:], value)
		}
		// A position: patterns go through lists.
		return matches(path[1:], pattern, value)
	}
	switch value := value.(type) {
	case map[string]any:
		inner, given := value[pattern[0]]
		return given && matches(nil, pattern[1:], inner)
	case []any:
		for _, element := range value {
			if matches(nil, pattern, element) {
				return true
			}
		}
	}
	return false
}

// sameValue compares leaves; numbers by value, since the state holds floats and the API integers.
func sameValue(a, b any) bool {
	x, isNumber := number(a)
	y, both := number(b)
	if isNumber && both {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func with(path []step, next step) []step {
	return append(append(make([]step, 0, len(path)+1), path...), next)
}

func written(path []step) string {
	text := ""
	for _, s := range path {
		switch s := s.(type) {
		case int:
			text += fmt.Sprintf("[%d]", s)
		case string:
			switch {
			case strings.ContainsAny(s, `."[]`):
				text += fmt.Sprintf(`["%s"]`, strings.ReplaceAll(s, `"`, `\"`))
			case text == "":
				text = s
			default:
				text += "." + s
			}
		}
	}
	return text
}
