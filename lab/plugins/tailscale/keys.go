package tailscale

import (
	"context"
	"net/http"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// keyAnswer is a key or OAuth client; the secret is in the answer to its creation alone.
type keyAnswer struct {
	ID            string       `json:"id"`
	KeyType       string       `json:"keyType"`
	Key           string       `json:"key"`
	Description   string       `json:"description"`
	ExpirySeconds *float64     `json:"expirySeconds"`
	Created       time.Time    `json:"created"`
	Updated       time.Time    `json:"updated"`
	Expires       time.Time    `json:"expires"`
	Capabilities  capabilities `json:"capabilities"`
	Scopes        []string     `json:"scopes"`
	Tags          []string     `json:"tags"`
	Invalid       bool         `json:"invalid"`
	UserID        string       `json:"userId"`
}

type capabilities struct {
	Devices struct {
		Create struct {
			Reusable      bool     `json:"reusable"`
			Ephemeral     bool     `json:"ephemeral"`
			Tags          []string `json:"tags"`
			Preauthorized bool     `json:"preauthorized"`
		} `json:"create"`
	} `json:"devices"`
}

const longestDescription = 50

func shortDescription(inputs provider.Map) []provider.Failure {
	if text := provider.Text(inputs, "description"); len([]rune(text)) > longestDescription {
		return []provider.Failure{{Property: "description",
			Reason: "Attribute description string length must be at most 50"}}
	}
	return nil
}

// tailnetKey is an auth key. Only recreateIfInvalid can change in place.
func tailnetKey() behaviour {
	choice := func(kind rest.Kind, otherwise any) rest.Field {
		return rest.Field{Kind: kind, Default: otherwise, Replace: true}
	}
	tags := choice(rest.Texts, []any{})
	tags.Unordered = true
	return behaviour{
		Schema: rest.Schema{
			"reusable": choice(rest.Flag, false), "ephemeral": choice(rest.Flag, false),
			"preauthorized": choice(rest.Flag, false), "description": choice(rest.Text, ""), "tags": tags,
			"expiry":            {Kind: rest.Number, Computed: true, Replace: true},
			"recreateIfInvalid": {},
			"userId":            {Computed: true},
			"key":               {Output: true, Secret: true},
			"createdAt":         {Output: true}, "expiresAt": {Output: true},
			"invalid": {Kind: rest.Flag, Output: true},
		},
		Validate: func(inputs provider.Map) []provider.Failure {
			switch provider.Text(inputs, "recreateIfInvalid") {
			case "", "always", "never":
				return shortDescription(inputs)
			}
			return []provider.Failure{{Property: "recreateIfInvalid",
				Reason: `Attribute recreate_if_invalid value must be one of: ["" "always" "never"]`}}
		},
		Compare: func(state, plan provider.Map, found map[string]provider.Difference) {
			if isTrue(state["invalid"]) && recreates(plan) {
				found["id"] = provider.Difference{Kind: provider.Update, Replace: true}
			}
		},
		Create: createTailnetKey,
		Read: func(
			ctx context.Context, c *client, call provider.Call, state rest.Object,
		) (rest.Object, bool, error) {
			found, err := readTailnetKey(ctx, c, call.ID)
			if isGone(err) {
				return state.With(rest.Object{"invalid": true}), true, nil
			}
			if err != nil {
				return nil, false, err
			}
			create := found.Capabilities.Devices.Create
			return state.With(found.moments()).With(rest.Object{
				"reusable": create.Reusable, "ephemeral": create.Ephemeral,
				"preauthorized": create.Preauthorized, "tags": rest.Anys(create.Tags),
				"expiry": seconds(found.ExpirySeconds), "description": found.Description,
			}), true, nil
		},
		Update: func(
			ctx context.Context, c *client, id string, state, plan rest.Object,
		) (rest.Object, error) {
			kept := state.With(plan)
			if !plan.Has("recreateIfInvalid") {
				kept = kept.With(rest.Object{"recreateIfInvalid": nil})
			}
			found, err := readTailnetKey(ctx, c, id)
			if isGone(err) {
				return kept.With(rest.Object{"invalid": true}), nil
			}
			if err != nil {
				return nil, err
			}
			return kept.With(found.moments()), nil
		},
		// A key that was used up may be gone already.
		Delete: func(ctx context.Context, c *client, id string, _ rest.Object) error {
			if err := c.send(ctx, http.MethodDelete, key(c, id), nil, nil); err != nil && !isGone(err) {
				return rest.Failf("Failed to delete key", "Error deleting tailnet key with id %q: %w", id, err)
			}
			return nil
		},
	}
}

func createTailnetKey(
	ctx context.Context, c *client, plan rest.Object,
) (string, rest.Object, error) {
	var wanted capabilities
	wanted.Devices.Create.Reusable = plan.Flag("reusable")
	wanted.Devices.Create.Ephemeral = plan.Flag("ephemeral")
	wanted.Devices.Create.Preauthorized = plan.Flag("preauthorized")
	wanted.Devices.Create.Tags = plan.Texts("tags")
	var made keyAnswer
	err := c.send(ctx, http.MethodPost, c.of("keys"), map[string]any{
		"capabilities": wanted, "expirySeconds": int64(plan.Number("expiry")),
		"description": plan.Text("description"),
	}, &made)
	if err != nil {
		return "", nil, rest.Failf("Failed to create key", "Error creating tailnet key: %w", err)
	}
	return made.ID, plan.With(made.moments()).With(rest.Object{
		"key": made.Key, "expiry": seconds(made.ExpirySeconds),
	}), nil
}

func readTailnetKey(ctx context.Context, c *client, id string) (keyAnswer, error) {
	var found keyAnswer
	err := c.get(ctx, key(c, id), &found)
	switch {
	case isGone(err):
		return found, err
	case err != nil:
		return found, rest.Failf("Failed to fetch key", "Error reading tailnet key with id %q: %w", id, err)
	case found.KeyType != "auth":
		return found, rest.Failf("Invalid key type '"+found.KeyType+"'",
			"Only 'auth' keys are supported by this resource")
	}
	return found, nil
}

// moments are what the server alone decides about an auth key.
func (k keyAnswer) moments() rest.Object {
	return rest.Object{
		"createdAt": moment(k.Created), "expiresAt": moment(k.Expires), "invalid": k.Invalid,
		"userId": k.UserID,
	}
}

func moment(at time.Time) string { return at.Format(time.RFC3339) }

func seconds(value *float64) any {
	if value == nil {
		return nil
	}
	return *value
}

func isTrue(value resource.PropertyValue) bool { return value.IsBool() && value.BoolValue() }

// recreates is whether an invalid key is made anew: reusable ones are, unless the program says otherwise.
func recreates(plan provider.Map) bool {
	switch provider.Text(plan, "recreateIfInvalid") {
	case "always":
		return true
	case "never":
		return false
	}
	return isTrue(plan["reusable"])
}
