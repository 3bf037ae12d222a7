// Package rest makes Pulumi resources out of a table of fields and the calls of a JSON API: what is
// checked, planned, compared, sent and read is said once, by the table. It follows the behaviour of
// plugins that are bridged from Terraform's plugin framework: inputs stay as they were given, a plan fills
// in defaults and what the server chose, and the state is compared with the plan.
package rest

import (
	"sort"
	"strings"
	"unicode"
)

// Kind is a property's type.
type Kind int

// The types of properties.
const (
	Text Kind = iota
	Number
	Flag
	// Texts is a list of strings.
	Texts
	// Nested is an object, List a list of objects; Fields says what is inside.
	Nested
	List
	// JSON is any value on the wire and its JSON text in the state.
	JSON
)

// Field describes a property. A zero Field is an optional text that the program alone decides.
type Field struct {
	Kind Kind
	// Wire is the name on the wire; the name in snake_case when empty.
	Wire string
	// Local fields belong to the address of the resource or to Pulumi: neither sent nor read.
	Local    bool
	Required bool
	// Default stands for an absent value: a string, float64, bool or []any.
	Default any
	// Computed values are the server's when the program names none.
	Computed bool
	// Output values cannot be given.
	Output bool
	// Moves says that an update may change the server's value: it is unknown in the preview of one.
	Moves bool
	// Replace makes a difference a replacement; ReplaceGiven only when the program names a value.
	Replace, ReplaceGiven bool
	// Unordered lists are equal in any order, and are sent sorted.
	Unordered bool
	Secret    bool
	// Kept values are never read back: what was written last stays.
	Kept bool
	// Lax fields that are false or empty on the server mean none when the state has none, and the reverse.
	Lax    bool
	Fields Schema
}

// Schema describes the properties of a resource or of a nested object by their names in the SDK.
type Schema map[string]Field

// given is whether the program may name the field.
func (f Field) given() bool { return !f.Output }

// sent is whether the field is part of request bodies.
func (f Field) sent() bool { return !f.Output && !f.Local }

func (f Field) wire(name string) string {
	if f.Wire != "" {
		return f.Wire
	}
	return snake(name)
}

// snake turns camelCase into snake_case.
func snake(name string) string {
	var text strings.Builder
	for i, letter := range name {
		if unicode.IsUpper(letter) && i > 0 {
			text.WriteByte('_')
		}
		text.WriteRune(unicode.ToLower(letter))
	}
	return text.String()
}

// inputs lists the names that a program may give.
func (s Schema) inputs() string {
	var all []string
	for name, field := range s {
		if field.given() {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		return "nothing here"
	}
	sort.Strings(all)
	return strings.Join(all, ", ")
}

// With is a copy with further fields.
func (s Schema) With(more Schema) Schema {
	merged := Schema{}
	for _, one := range []Schema{s, more} {
		for name, field := range one {
			merged[name] = field
		}
	}
	return merged
}
