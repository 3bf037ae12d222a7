package proxmoxve

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// kind is a property's type.
type kind int

const (
	text kind = iota
	number
	boolean
	// texts is a list of strings; unordered when the field says so.
	texts
	// object is a nested block, objects a list of them.
	object
	objects
)

// field describes a property.
type field struct {
	kind     kind
	required bool
	// def is the scalar that stands for an absent value.
	def any
	// computed values are the server's when the program names none.
	computed bool
	// output values cannot be given.
	output bool
	// replace makes a difference a replacement.
	replace bool
	// fixed values must be the default: the plugin does nothing else.
	fixed bool
	// unordered lists are equal in any order.
	unordered bool
	fields    schema
}

type schema map[string]field

// bookkeeping names, beside the inputs, those that defaults filled.
const bookkeeping = "__defaults"

// check fills in defaults and refuses unknown names, wrong types and missing values.
func (s schema) check(prefix string, news provider.Map) (provider.Map, []provider.Failure) {
	checked, refused, filled := provider.Map{}, []provider.Failure(nil), []string{}
	for key, value := range news {
		name := string(key)
		if name == bookkeeping {
			continue
		}
		described, known := s[name]
		if !known || described.output {
			refused = append(refused, provider.Failure{Property: prefix + name,
				Reason: "the lab's proxmoxve plugin does not serve this argument; it serves " + s.names()})
			continue
		}
		result, more := described.check(prefix+name, value)
		checked[key] = result
		refused = append(refused, more...)
	}
	for name, described := range s {
		key := resource.PropertyKey(name)
		switch {
		case checked.HasValue(key):
		case described.required:
			refused = append(refused, provider.Failure{Property: prefix + name,
				Reason: "Missing required argument. The argument \"" + name + "\" is required"})
		case described.def != nil:
			checked[key] = resource.NewPropertyValue(described.def)
			filled = append(filled, name)
		}
	}
	sort.Strings(filled)
	checked[bookkeeping] = resource.NewPropertyValue(filled)
	return checked, refused
}

func (f field) check(
	path string, value resource.PropertyValue,
) (resource.PropertyValue, []provider.Failure) {
	if value.IsComputed() || value.IsOutput() {
		return value, nil
	}
	fits := false
	switch f.kind {
	case text:
		fits = value.IsString()
	case number:
		fits = value.IsNumber()
	case boolean:
		fits = value.IsBool()
	case texts:
		fits = value.IsArray()
	case object:
		if value.IsObject() {
			checked, refused := f.fields.check(path+".", value.ObjectValue())
			return resource.NewProperty(checked), refused
		}
	case objects:
		if value.IsArray() {
			items, refused := []resource.PropertyValue{}, []provider.Failure(nil)
			one := field{kind: object, fields: f.fields}
			for i, item := range value.ArrayValue() {
				checked, more := one.check(path+"["+strconv.Itoa(i)+"]", item)
				items, refused = append(items, checked), append(refused, more...)
			}
			return resource.NewProperty(items), refused
		}
	}
	switch {
	case !fits:
		return value, []provider.Failure{{Property: path,
			Reason: fmt.Sprintf("has the wrong type %s", value.TypeString())}}
	case f.fixed && !f.isDefault(value):
		return value, []provider.Failure{{Property: path,
			Reason: fmt.Sprintf("the lab's proxmoxve plugin serves only %#v here", f.def)}}
	}
	return value, nil
}

func (s schema) names() string {
	var all []string
	for name, described := range s {
		if !described.output {
			all = append(all, name)
		}
	}
	sort.Strings(all)
	return strings.Join(all, ", ")
}

// diff compares the state with new inputs, as a plan does: absent values stand for their defaults, and
// computed ones are left to the server.
func (s schema) diff(state, news provider.Map, ignored []string) map[string]provider.Difference {
	found := map[string]provider.Difference{}
	s.compare("", state, news, false, found)
	for path := range found {
		if slices.Contains(ignored, path) || slices.Contains(ignored, provider.Root(path)) ||
			slices.ContainsFunc(ignored, func(one string) bool { return strings.HasPrefix(path, one+".") }) {
			delete(found, path)
		}
	}
	return found
}

func (s schema) compare(
	prefix string, state, news provider.Map, replace bool, found map[string]provider.Difference,
) {
	for name, described := range s {
		if described.output {
			continue
		}
		key := resource.PropertyKey(name)
		described.compare(prefix+name, state[key], news[key], replace || described.replace, found)
	}
}

func (f field) compare(
	path string, old, new resource.PropertyValue, replace bool, found map[string]provider.Difference,
) {
	differs := func(kind provider.Kind) {
		found[path] = provider.Difference{Kind: kind, Replace: replace}
	}
	switch {
	case new.IsComputed() || new.IsOutput():
		differs(provider.Update)
	case new.IsNull():
		if !f.computed && !f.isDefault(old) {
			differs(provider.Delete)
		}
	case f.kind == objects && (old.IsArray() || old.IsNull()) && new.IsArray():
		f.compareLists(path, items(old), items(new), replace, found)
	case old.IsNull():
		if !f.isDefault(new) {
			differs(provider.Add)
		}
	case f.kind == object && old.IsObject() && new.IsObject():
		f.fields.compare(path+".", old.ObjectValue(), new.ObjectValue(), replace, found)
	case f.unordered && sameTexts(old, new):
	case !old.DeepEquals(new):
		differs(provider.Update)
	}
}

func (f field) compareLists(
	path string, old, new []resource.PropertyValue, replace bool, found map[string]provider.Difference,
) {
	one := field{kind: object, fields: f.fields}
	for i := range max(len(old), len(new)) {
		at := path + "[" + strconv.Itoa(i) + "]"
		switch {
		case i >= len(old):
			found[at] = provider.Difference{Kind: provider.Add, Replace: replace}
		case i >= len(new):
			found[at] = provider.Difference{Kind: provider.Delete, Replace: replace}
		default:
			one.compare(at, old[i], new[i], replace, found)
		}
	}
}

// isDefault is whether a value says the same as none.
func (f field) isDefault(value resource.PropertyValue) bool {
	switch {
	case value.IsNull():
		return true
	case f.def != nil:
		return value.DeepEquals(resource.NewPropertyValue(f.def))
	case value.IsArray():
		return len(value.ArrayValue()) == 0
	case value.IsString():
		return value.StringValue() == ""
	default:
		return false
	}
}

func items(value resource.PropertyValue) []resource.PropertyValue {
	if value.IsArray() {
		return value.ArrayValue()
	}
	return nil
}

func sameTexts(a, b resource.PropertyValue) bool {
	plain := func(value resource.PropertyValue) []string {
		var all []string
		for _, item := range items(value) {
			all = append(all, fmt.Sprint(item.V))
		}
		sort.Strings(all)
		return all
	}
	return a.IsArray() && b.IsArray() && slices.Equal(plain(a), plain(b))
}
