package random

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"

	"github.com/google/uuid"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// atLeastOne refuses a size below one.
func atLeastOne(name string) func(provider.Map) []provider.Failure {
	return func(inputs provider.Map) []provider.Failure {
		value := inputs[resource.PropertyKey(name)]
		if !value.IsNumber() || value.NumberValue() < 1 {
			return []provider.Failure{{Property: name,
				Reason: fmt.Sprintf("Attribute %s value must be at least 1, got: %v", name, value)}}
		}
		return nil
	}
}

func drawBytes(inputs provider.Map, size string) ([]byte, error) {
	drawn := make([]byte, int(inputs[resource.PropertyKey(size)].NumberValue()))
	if _, err := rand.Read(drawn); err != nil {
		return nil, fmt.Errorf("reading random bytes: %w", err)
	}
	return drawn, nil
}

// bytesResource keeps a flaw of the official plugin: the bytes are the resource's id too, which no
// engine encrypts (computeRandomBytesID of pulumi-random). A program that takes secrets from here
// must show in the lab what it shows at home.
func bytesResource() provider.Resource {
	return &provider.Generated{
		Inputs:   []provider.Input{{Name: "length", Required: true}, {Name: "keepers"}},
		Outputs:  []string{"base64", "hex"},
		Secrets:  []string{"base64", "hex"},
		Validate: atLeastOne("length"),
		Make: func(inputs provider.Map) (string, provider.Map, error) {
			drawn, err := drawBytes(inputs, "length")
			if err != nil {
				return "", nil, err
			}
			text := base64.StdEncoding.EncodeToString(drawn)
			return text, provider.Map{
				"base64": resource.NewProperty(text),
				"hex":    resource.NewProperty(hex.EncodeToString(drawn)),
			}, nil
		},
	}
}

func idResource() provider.Resource {
	return &provider.Generated{
		Inputs: []provider.Input{
			{Name: "byteLength", Required: true}, {Name: "keepers"}, {Name: "prefix"},
		},
		Outputs:  []string{"b64Std", "b64Url", "dec", "hex"},
		Validate: atLeastOne("byteLength"),
		Make: func(inputs provider.Map) (string, provider.Map, error) {
			drawn, err := drawBytes(inputs, "byteLength")
			if err != nil {
				return "", nil, err
			}
			prefix := provider.Text(inputs, "prefix")
			id := base64.RawURLEncoding.EncodeToString(drawn)
			outputs := provider.Map{}
			for name, value := range map[resource.PropertyKey]string{
				"b64Std": base64.StdEncoding.EncodeToString(drawn),
				"b64Url": id,
				"dec":    new(big.Int).SetBytes(drawn).String(),
				"hex":    hex.EncodeToString(drawn),
			} {
				outputs[name] = resource.NewProperty(prefix + value)
			}
			return id, outputs, nil
		},
	}
}

func uuidResource() provider.Resource {
	return &provider.Generated{
		Inputs:  []provider.Input{{Name: "keepers"}},
		Outputs: []string{"result"},
		Make: func(provider.Map) (string, provider.Map, error) {
			drawn, err := uuid.NewRandom()
			if err != nil {
				return "", nil, fmt.Errorf("reading random bytes: %w", err)
			}
			return drawn.String(), provider.Map{"result": resource.NewProperty(drawn.String())}, nil
		},
	}
}
