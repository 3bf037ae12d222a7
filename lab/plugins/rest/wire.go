package rest

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
)

// Encode is the request body of a plan: what it holds, by the names on the wire.
func (s Schema) Encode(plan Object) map[string]any {
	body := map[string]any{}
	for name, field := range s {
		if value := plan[name]; value != nil && field.sent() {
			body[field.wire(name)] = field.encode(value)
		}
	}
	return body
}

// EncodeUpdate is Encode with null for what the state holds and the plan has no more.
func (s Schema) EncodeUpdate(state, plan Object) map[string]any {
	body := s.Encode(plan)
	for name, field := range s {
		if !field.sent() || state[name] == nil {
			continue
		}
		before, was := state[name].(map[string]any)
		after, is := plan[name].(map[string]any)
		switch {
		case plan[name] == nil && !field.Computed:
			body[field.wire(name)] = nil
		case field.Kind == Nested && was && is:
			body[field.wire(name)] = field.Fields.EncodeUpdate(before, after)
		}
	}
	return body
}

// EncodeChanges is EncodeUpdate without what is as it was.
func (s Schema) EncodeChanges(state, plan Object) map[string]any {
	body, before := s.EncodeUpdate(state, plan), s.Encode(state)
	for name, value := range body {
		if value != nil && canonical(value) == canonical(before[name]) {
			delete(body, name)
		}
	}
	return body
}

func (f Field) encode(value any) any {
	switch list, isList := value.([]any); {
	case f.Kind == Nested:
		object, _ := value.(map[string]any)
		return f.Fields.Encode(object)
	case isList:
		items := make([]any, len(list))
		for i, item := range list {
			items[i] = f.item().encode(item)
		}
		if f.Unordered {
			sort.Slice(items, func(i, j int) bool { return canonical(items[i]) < canonical(items[j]) })
		}
		return items
	}
	return value
}

// Decode reads an answer; fields that it does not know are left out, null counts as absent.
func (s Schema) Decode(answer map[string]any) (Object, error) {
	read := Object{}
	for name, field := range s {
		value := answer[field.wire(name)]
		if value == nil || field.Local {
			continue
		}
		decoded, err := field.decode(value)
		if err != nil {
			return nil, fmt.Errorf("unexpected unknown property value for %q: %w", snake(name), err)
		}
		read[name] = decoded
	}
	return read, nil
}

func (f Field) decode(value any) (any, error) {
	wrong := fmt.Errorf("the API answered with a %T", value)
	switch f.Kind {
	case JSON:
		return canonical(value), nil
	case Number:
		if text, ok := value.(string); ok {
			number, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, wrong
			}
			return number, nil
		}
		if number, ok := value.(float64); ok {
			return number, nil
		}
	case Text:
		if text, ok := value.(string); ok {
			return text, nil
		}
	case Flag:
		if flag, ok := value.(bool); ok {
			return flag, nil
		}
	case Nested:
		if object, ok := value.(map[string]any); ok {
			decoded, err := f.Fields.Decode(object)
			return map[string]any(decoded), err
		}
	case Texts, List:
		list, ok := value.([]any)
		items := make([]any, len(list))
		for i, item := range list {
			decoded, err := f.item().decode(item)
			if err != nil {
				return nil, err
			}
			items[i] = decoded
		}
		if ok {
			return items, nil
		}
	}
	return nil, wrong
}

// Fill adds what an answer says to a plan, for the fields that the plan leaves open.
func (s Schema) Fill(plan Object, answer map[string]any) (Object, error) {
	read, err := s.Decode(answer)
	if err != nil {
		return nil, err
	}
	return s.fill(plan, read), nil
}

func (s Schema) fill(plan, read Object) Object {
	state := plan.With(nil)
	for name, field := range s {
		value, ok := read[name]
		planned, given := state[name].(map[string]any)
		told, nested := value.(map[string]any)
		switch {
		case field.Kind == Nested && given && nested:
			state[name] = map[string]any(field.Fields.fill(planned, told))
		case ok && !state.Has(name) && (field.Output || field.Computed):
			state[name] = value
		}
	}
	return state
}

// Refresh is the state as an answer shows it: what is never read and what means the same stays.
func (s Schema) Refresh(state Object, answer map[string]any) (Object, error) {
	read, err := s.Decode(answer)
	if err != nil {
		return nil, err
	}
	return s.merge(state, read), nil
}

func (s Schema) merge(state, read Object) Object {
	fresh := Object{}
	for name, field := range s {
		before, now := state[name], read[name]
		old, was := before.(map[string]any)
		new, is := now.(map[string]any)
		switch {
		case field.Local || field.Kept:
			now = before
		case field.Lax && empty(before) && empty(now):
			now = before
		case field.Unordered && canonical(field.encode(before)) == canonical(field.encode(now)):
			now = before
		case field.Kind == Nested && was && is:
			now = map[string]any(field.Fields.merge(old, new))
		}
		if now != nil {
			fresh[name] = now
		}
	}
	return fresh
}

// empty is whether a value says nothing: absent, false or without content.
func empty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case bool:
		return !value
	case string:
		return value == ""
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	}
	return false
}

// canonical is a value's JSON text with sorted keys.
func canonical(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		// Values come out of JSON or of Pulumi's properties: both can always be written.
		panic(fmt.Sprintf("writing %T as JSON: %v", value, err))
	}
	return string(text)
}
