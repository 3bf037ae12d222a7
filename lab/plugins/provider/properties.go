package provider

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

func unmarshal(label string, s *structpb.Struct) (Map, error) {
	properties, err := plugin.UnmarshalProperties(s, plugin.MarshalOptions{
		Label: label, KeepUnknowns: true, SkipNulls: true, KeepSecrets: true,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", label, err)
	}
	return withoutSecrets(properties), nil
}

func marshal(label string, properties Map) (*structpb.Struct, error) {
	s, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{
		Label: label, KeepUnknowns: true, SkipNulls: true, KeepSecrets: true,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", label, err)
	}
	return s, nil
}

// withoutSecrets replaces secrets at any depth by their values.
func withoutSecrets(properties Map) Map {
	plain := make(Map, len(properties))
	for key, value := range properties {
		plain[key] = withoutSecret(value)
	}
	return plain
}

func withoutSecret(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return withoutSecret(value.SecretValue().Element)
	case value.IsObject():
		return resource.NewProperty(withoutSecrets(value.ObjectValue()))
	case value.IsArray():
		items := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, item := range value.ArrayValue() {
			items[i] = withoutSecret(item)
		}
		return resource.NewProperty(items)
	default:
		return value
	}
}

// Decode fills a struct with json tags from properties that hold no unknowns.
func Decode(properties Map, into any) error {
	text, err := json.Marshal(properties.Mappable())
	if err != nil {
		return fmt.Errorf("reading properties: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading properties: %w", err)
	}
	return nil
}

// Encode is the reverse of Decode; fields that are left out by omitempty are absent.
func Encode(from any) (Map, error) {
	text, err := json.Marshal(from)
	if err != nil {
		return nil, fmt.Errorf("writing properties: %w", err)
	}
	var plain map[string]any
	if err := json.Unmarshal(text, &plain); err != nil {
		return nil, fmt.Errorf("writing properties: %w", err)
	}
	return resource.NewPropertyMapFromMap(plain), nil
}

// Unknown is a value that only the operation itself can tell.
func Unknown() resource.PropertyValue {
	return resource.MakeComputed(resource.NewProperty(""))
}

// Secret marks a value as secret.
func Secret(value resource.PropertyValue) resource.PropertyValue {
	return resource.MakeSecret(value)
}

// Text is a property's string; empty when it is absent, unknown or not a string.
func Text(properties Map, key string) string {
	if value, ok := properties[resource.PropertyKey(key)]; ok && value.IsString() {
		return value.StringValue()
	}
	return ""
}

// Copy is a shallow copy of the maps, later ones winning.
func Copy(maps ...Map) Map {
	merged := Map{}
	for _, one := range maps {
		for key, value := range one {
			merged[key] = value
		}
	}
	return merged
}
