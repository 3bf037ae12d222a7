package rest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// compare lists where a plan differs from the state. An absent value differs from an empty one.
func (s Schema) compare(state, news, planned provider.Map) map[string]provider.Difference {
	found := map[string]provider.Difference{}
	for name, field := range s {
		key := resource.PropertyKey(name)
		if field.Output || field.Computed && !news.HasValue(key) {
			continue
		}
		before := len(found)
		field.compare(name, state[key], planned[key], found)
		if len(found) > before && (field.Replace || field.ReplaceGiven && news.HasValue(key)) {
			for path, difference := range found {
				if provider.Root(path) == name {
					difference.Replace = true
					found[path] = difference
				}
			}
		}
	}
	return found
}

func (f Field) compare(
	path string, old, new resource.PropertyValue, found map[string]provider.Difference,
) {
	differs := func(kind provider.Kind) { found[path] = provider.Difference{Kind: kind} }
	switch {
	case isUnknown(new):
		differs(provider.Update)
	case old.IsNull() && new.IsNull():
	case new.IsNull():
		differs(provider.Delete)
	case old.IsNull():
		differs(provider.Add)
	case f.Kind == Nested && old.IsObject() && new.IsObject():
		for name, field := range f.Fields {
			key := resource.PropertyKey(name)
			if !field.Output && !(field.Computed && !new.ObjectValue().HasValue(key)) {
				field.compare(path+"."+name, old.ObjectValue()[key], new.ObjectValue()[key], found)
			}
		}
	case f.Unordered && old.IsArray() && new.IsArray():
		f.compareSets(path, old.ArrayValue(), new.ArrayValue(), found)
	case old.IsArray() && new.IsArray():
		for i := range max(len(old.ArrayValue()), len(new.ArrayValue())) {
			f.item().compare(path+"["+strconv.Itoa(i)+"]", at(old, i), at(new, i), found)
		}
	case !old.DeepEquals(new):
		differs(provider.Update)
	}
}

// compareSets reports elements that only one side has.
func (f Field) compareSets(
	path string, old, new []resource.PropertyValue, found map[string]provider.Difference,
) {
	report := func(these, those []resource.PropertyValue, kind provider.Kind) {
		for i, one := range these {
			same := slices.ContainsFunc(those, func(other resource.PropertyValue) bool {
				differences := map[string]provider.Difference{}
				f.item().compare("", one, other, differences)
				return len(differences) == 0
			})
			at := path + "[" + strconv.Itoa(i) + "]"
			_, replaced := found[at]
			switch {
			case same:
			case replaced:
				found[at] = provider.Difference{Kind: provider.Update}
			default:
				found[at] = provider.Difference{Kind: kind}
			}
		}
	}
	report(old, new, provider.Delete)
	report(new, old, provider.Add)
}

func at(list resource.PropertyValue, i int) resource.PropertyValue {
	if items := list.ArrayValue(); i < len(items) {
		return items[i]
	}
	return resource.NewNullProperty()
}

// ignored is whether a path is covered by ignoreChanges.
func ignored(path string, ignore []string) bool {
	return slices.ContainsFunc(ignore, func(one string) bool {
		return path == one || strings.HasPrefix(path, one+".") || strings.HasPrefix(path, one+"[")
	})
}
