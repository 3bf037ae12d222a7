// Package random is the stand-in for pulumi-resource-random 4.21: passwords that stay as they are until
// an input (for instance a keeper) changes.
package random

import (
	"crypto/rand"
	"fmt"
	"math/big"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/bcrypt"

	"homelab/lab/plugins/provider"
)

const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	numeric = "0123456789"
	special = "!@#$%&*()-_=+[]{}<>:?"

	// bcryptBytes is how much of a password bcrypt takes into account; longer input is an error there.
	bcryptBytes = 72
)

// New describes the plugin; property names are those of the package @pulumi/random.
func New() provider.Provider {
	return provider.Provider{
		Name: "random",
		Resources: map[string]provider.Resource{
			"random:index/randomPassword:RandomPassword": &provider.Generated{
				Inputs: []provider.Input{
					{Name: "length", Required: true}, {Name: "keepers"}, {Name: "overrideSpecial"},
					{Name: "lower", Default: true}, {Name: "minLower", Default: 0.0},
					{Name: "upper", Default: true}, {Name: "minUpper", Default: 0.0},
					{Name: "numeric", Default: true}, {Name: "number"}, {Name: "minNumeric", Default: 0.0},
					{Name: "special", Default: true}, {Name: "minSpecial", Default: 0.0},
				},
				Outputs: []string{"result", "bcryptHash"}, Secrets: []string{"result", "bcryptHash"},
				Validate: validate, Make: makePassword,
			},
		},
	}
}

// recipe is what a password is made from.
type recipe struct {
	Length          int    `json:"length"`
	Lower           bool   `json:"lower"`
	Upper           bool   `json:"upper"`
	Numeric         bool   `json:"numeric"`
	Number          *bool  `json:"number"`
	Special         bool   `json:"special"`
	OverrideSpecial string `json:"overrideSpecial"`
	MinLower        int    `json:"minLower"`
	MinUpper        int    `json:"minUpper"`
	MinNumeric      int    `json:"minNumeric"`
	MinSpecial      int    `json:"minSpecial"`
}

// digits is whether digits are wanted: `number` is the deprecated name of `numeric`.
func (r recipe) digits() bool { return r.Numeric && (r.Number == nil || *r.Number) }

func (r recipe) specials() string {
	if r.OverrideSpecial != "" {
		return r.OverrideSpecial
	}
	return special
}

// make draws the minimum of each class, fills up from all classes, and shuffles.
func (r recipe) make() (string, error) {
	var all string
	var drawn []byte
	for _, class := range []struct {
		wanted  bool
		minimum int
		from    string
	}{
		{r.Lower, r.MinLower, lower},
		{r.Upper, r.MinUpper, upper},
		{r.digits(), r.MinNumeric, numeric},
		{r.Special, r.MinSpecial, r.specials()},
	} {
		if class.wanted {
			all += class.from
		}
		for range class.minimum {
			letter, err := draw(class.from)
			if err != nil {
				return "", err
			}
			drawn = append(drawn, letter)
		}
	}
	for len(drawn) < r.Length {
		letter, err := draw(all)
		if err != nil {
			return "", err
		}
		drawn = append(drawn, letter)
	}
	for i := len(drawn) - 1; i > 0; i-- {
		j, err := rand.Int(rand.Reader, big.NewInt(int64(i+1)))
		if err != nil {
			return "", fmt.Errorf("reading random numbers: %w", err)
		}
		drawn[i], drawn[j.Int64()] = drawn[j.Int64()], drawn[i]
	}
	return string(drawn), nil
}

func draw(from string) (byte, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(len(from))))
	if err != nil {
		return 0, fmt.Errorf("reading random numbers: %w", err)
	}
	return from[n.Int64()], nil
}

func validate(inputs provider.Map) []provider.Failure {
	var r recipe
	if err := provider.Decode(inputs, &r); err != nil {
		return []provider.Failure{{Property: "length", Reason: err.Error()}}
	}
	minimum := r.MinLower + r.MinUpper + r.MinNumeric + r.MinSpecial
	switch {
	case r.Length < 1:
		return []provider.Failure{{Property: "length",
			Reason: fmt.Sprintf("Attribute length value must be at least 1, got: %d", r.Length)}}
	case r.Length < minimum:
		return []provider.Failure{{Property: "length", Reason: fmt.Sprintf(
			"Attribute length value must be at least sum of min_upper + min_lower + min_numeric + "+
				"min_special (%d), got: %d", minimum, r.Length)}}
	case !r.Lower && !r.Upper && !r.digits() && !r.Special:
		return []provider.Failure{{Property: "lower",
			Reason: "at least one of lower, upper, numeric and special must be true"}}
	}
	return nil
}

func makePassword(inputs provider.Map) (string, provider.Map, error) {
	var r recipe
	if err := provider.Decode(inputs, &r); err != nil {
		return "", nil, err
	}
	result, err := r.make()
	if err != nil {
		return "", nil, err
	}
	hash, err := bcrypt.GenerateFromPassword(
		[]byte(result[:min(len(result), bcryptBytes)]), bcrypt.DefaultCost)
	if err != nil {
		return "", nil, fmt.Errorf("hashing the password: %w", err)
	}
	digits := resource.NewProperty(r.digits())
	return "none", provider.Map{
		"result": resource.NewProperty(result), "number": digits, "numeric": digits,
		"bcryptHash": resource.NewProperty(string(hash)),
	}, nil
}
