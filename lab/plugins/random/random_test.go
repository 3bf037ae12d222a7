package random

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/bcrypt"

	"homelab/lab/plugins/provider"
)

const passwordType = "random:index/randomPassword:RandomPassword"

func TestPasswordHonoursItsClassesAndIsSecret(t *testing.T) {
	kind := New().Resources[passwordType]
	inputs, refused, err := kind.Check(t.Context(), provider.Check{News: provider.Map{
		"length": resource.NewProperty(40.0), "special": resource.NewProperty(false),
		"upper": resource.NewProperty(false), "minNumeric": resource.NewProperty(5.0),
	}})
	if err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	_, state, err := kind.Create(t.Context(), provider.Call{}, inputs)
	if err != nil {
		t.Fatal(err)
	}
	if !state["result"].IsSecret() || !state["bcryptHash"].IsSecret() {
		t.Error("an output is not secret")
	}
	result := state["result"].SecretValue().Element.StringValue()
	digits := 0
	for _, letter := range result {
		switch {
		case letter >= '0' && letter <= '9':
			digits++
		case letter < 'a' || letter > 'z':
			t.Errorf("%q in a password of lower case and digits", letter)
		}
	}
	if len(result) != 40 || digits < 5 {
		t.Errorf("got %d letters, %d digits", len(result), digits)
	}
	hash := state["bcryptHash"].SecretValue().Element.StringValue()
	if err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(result)); err != nil {
		t.Error(err)
	}
}

func TestKeepersReplaceAndComputedInputsDoNot(t *testing.T) {
	kind := New().Resources[passwordType]
	keep := func(value string) provider.Map {
		inputs, _, err := kind.Check(t.Context(), provider.Check{News: provider.Map{
			"length":  resource.NewProperty(8.0),
			"keepers": resource.NewProperty(provider.Map{"version": resource.NewProperty(value)}),
		}})
		if err != nil {
			t.Fatal(err)
		}
		return inputs
	}
	_, state, err := kind.Create(t.Context(), provider.Call{}, keep("1"))
	if err != nil {
		t.Fatal(err)
	}
	for value, wanted := range map[string]int{"1": 0, "2": 1} {
		diff, err := kind.Diff(t.Context(),
			provider.Change{State: state, OldInputs: keep("1"), News: keep(value)})
		if err != nil {
			t.Fatal(err)
		}
		if len(diff.Properties) != wanted {
			t.Errorf("keeper %s: %v", value, diff.Properties)
		}
	}
}
