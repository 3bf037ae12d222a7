package rest

// Object is a property object of known values as plain Go values: string, float64, bool, []any and
// map[string]any.
type Object map[string]any

// Text is a string property; empty when it is absent.
func (o Object) Text(name string) string {
	value, _ := o[name].(string)
	return value
}

// Number is a number property; 0 when it is absent.
func (o Object) Number(name string) float64 {
	value, _ := o[name].(float64)
	return value
}

// Flag is a boolean property; false when it is absent.
func (o Object) Flag(name string) bool {
	value, _ := o[name].(bool)
	return value
}

// Has is whether the property has a value.
func (o Object) Has(name string) bool { return o[name] != nil }

// Texts is a list of strings, never nil, so that JSON shows [] for an absent one.
func (o Object) Texts(name string) []string {
	all := []string{}
	for _, item := range o.items(name) {
		if text, ok := item.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// Objects is a list of objects.
func (o Object) Objects(name string) []Object {
	var all []Object
	for _, item := range o.items(name) {
		if value, ok := item.(map[string]any); ok {
			all = append(all, value)
		}
	}
	return all
}

func (o Object) items(name string) []any {
	list, _ := o[name].([]any)
	return list
}

// With is a copy with further values; a nil value takes one away.
func (o Object) With(more Object) Object {
	merged := Object{}
	for _, one := range []Object{o, more} {
		for name, value := range one {
			if value == nil {
				delete(merged, name)
			} else {
				merged[name] = value
			}
		}
	}
	return merged
}

// Anys is a list of strings as a property's value.
func Anys(values []string) []any {
	all := make([]any, len(values))
	for i, value := range values {
		all[i] = value
	}
	return all
}
