package proxmoxve

import (
	"strconv"
)

// block is a property object as plain Go values: strings, float64, bool, []any and map[string]any.
type block map[string]any

func (b block) text(name, otherwise string) string {
	if value, ok := b[name].(string); ok {
		return value
	}
	return otherwise
}

func (b block) number(name string, otherwise int) int {
	if value, ok := b[name].(float64); ok {
		return int(value)
	}
	return otherwise
}

func (b block) flag(name string, otherwise bool) bool {
	if value, ok := b[name].(bool); ok {
		return value
	}
	return otherwise
}

// block is a nested object; absent ones are empty.
func (b block) block(name string) block {
	if value, ok := b[name].(map[string]any); ok {
		return value
	}
	return block{}
}

func (b block) has(name string) bool {
	value, ok := b[name]
	return ok && value != nil
}

func (b block) blocks(name string) []block {
	list, _ := b[name].([]any)
	var all []block
	for _, item := range list {
		if value, ok := item.(map[string]any); ok {
			all = append(all, value)
		}
	}
	return all
}

func (b block) texts(name string) []string {
	list, _ := b[name].([]any)
	var all []string
	for _, item := range list {
		if value, ok := item.(string); ok {
			all = append(all, value)
		}
	}
	return all
}

// bit is how Proxmox writes booleans.
func bit(value bool) string {
	if value {
		return "1"
	}
	return "0"
}

func anyTexts(values []string) []any {
	all := make([]any, len(values))
	for i, value := range values {
		all[i] = value
	}
	return all
}

func anyBlocks(values []block) []any {
	all := make([]any, len(values))
	for i, value := range values {
		all[i] = map[string]any(value)
	}
	return all
}

func decimal(value int) string { return strconv.Itoa(value) }
