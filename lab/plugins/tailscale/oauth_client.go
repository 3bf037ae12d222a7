package tailscale

import (
	"context"
	"net/http"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// oauthClient is an OAuth client; its id and its secret output "key" sign in for tokens.
func oauthClient() behaviour {
	body := func(plan rest.Object) map[string]any {
		return map[string]any{
			"keyType": "client", "scopes": plan.Texts("scopes"), "tags": plan.Texts("tags"),
			"description": plan.Text("description"),
		}
	}
	return behaviour{
		Schema: rest.Schema{
			"scopes":      {Kind: rest.Texts, Required: true, Unordered: true},
			"tags":        {Kind: rest.Texts, Default: []any{}, Unordered: true},
			"description": {Default: ""},
			"key":         {Output: true, Secret: true},
			"createdAt":   {Output: true}, "userId": {Output: true},
			"updatedAt": {Output: true, Moves: true},
		},
		Validate: shortDescription,
		Create: func(ctx context.Context, c *client, plan rest.Object) (string, rest.Object, error) {
			var made keyAnswer
			if err := c.send(ctx, http.MethodPost, c.of("keys"), body(plan), &made); err != nil {
				return "", nil, rest.Fail("Failed to create oauth client", err)
			}
			return made.ID, plan.With(rest.Object{
				"key": made.Key, "createdAt": moment(made.Created), "updatedAt": moment(made.Updated),
				"userId": made.UserID,
			}), nil
		},
		Read: func(
			ctx context.Context, c *client, call provider.Call, state rest.Object,
		) (rest.Object, bool, error) {
			var found keyAnswer
			err := c.get(ctx, key(c, call.ID), &found)
			if isGone(err) {
				return nil, false, nil
			}
			if err != nil {
				return nil, false, rest.Fail("Failed to fetch oauth client", err)
			}
			return state.With(rest.Object{
				"description": found.Description, "scopes": rest.Anys(found.Scopes),
				"tags": rest.Anys(found.Tags), "createdAt": moment(found.Created),
				"updatedAt": moment(found.Updated), "userId": found.UserID,
			}), true, nil
		},
		Update: func(
			ctx context.Context, c *client, id string, state, plan rest.Object,
		) (rest.Object, error) {
			var changed keyAnswer
			if err := c.send(ctx, http.MethodPut, key(c, id), body(plan), &changed); err != nil {
				return nil, rest.Fail("Failed to update oauth client", err)
			}
			return state.With(plan).With(rest.Object{"updatedAt": moment(changed.Updated)}), nil
		},
		Delete: func(ctx context.Context, c *client, id string, _ rest.Object) error {
			if err := c.send(ctx, http.MethodDelete, key(c, id), nil, nil); err != nil && !isGone(err) {
				return rest.Fail("Failed to delete oauth client", err)
			}
			return nil
		},
	}
}
