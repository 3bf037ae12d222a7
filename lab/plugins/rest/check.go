package rest

import (
	"fmt"
	"sort"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// check refuses unknown names, wrong types and missing values; unknown values pass.
func (s Schema) check(prefix string, news provider.Map) []provider.Failure {
	var refused []provider.Failure
	for key, value := range news {
		name := string(key)
		if name == bookkeeping {
			continue
		}
		field, known := s[name]
		if !known || !field.given() {
			refused = append(refused, provider.Failure{Property: prefix + name,
				Reason: "the lab's plugin does not serve this argument; it serves " + s.inputs()})
			continue
		}
		refused = append(refused, field.check(prefix+name, value)...)
	}
	for name, field := range s {
		if field.Required && !news.HasValue(resource.PropertyKey(name)) {
			refused = append(refused, provider.Failure{Property: prefix + name,
				Reason: fmt.Sprintf("Missing required argument. The argument %q is required", name)})
		}
	}
	sort.Slice(refused, func(i, j int) bool { return refused[i].Property < refused[j].Property })
	return refused
}

// bookkeeping is a key that the engine's own tools may add to inputs.
const bookkeeping = "__defaults"

func (f Field) check(path string, value resource.PropertyValue) []provider.Failure {
	if isUnknown(value) || value.IsNull() {
		return nil
	}
	fits := false
	switch f.Kind {
	case Text, JSON:
		fits = value.IsString()
	case Number:
		fits = value.IsNumber()
	case Flag:
		fits = value.IsBool()
	case Nested:
		if value.IsObject() {
			return f.Fields.check(path+".", value.ObjectValue())
		}
	case Texts, List:
		if value.IsArray() {
			var refused []provider.Failure
			for i, item := range value.ArrayValue() {
				refused = append(refused, f.item().check(path+"["+strconv.Itoa(i)+"]", item)...)
			}
			return refused
		}
	}
	if !fits {
		return []provider.Failure{{Property: path,
			Reason: fmt.Sprintf("has the wrong type %s", value.TypeString())}}
	}
	return nil
}

// item describes the elements of a list.
func (f Field) item() Field {
	if f.Kind == Texts {
		return Field{Kind: Text}
	}
	return Field{Kind: Nested, Fields: f.Fields}
}

func isUnknown(value resource.PropertyValue) bool { return value.IsComputed() || value.IsOutput() }
