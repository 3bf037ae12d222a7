package tailscale

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// deviceSetting is a property of a device that exists beside the program. A device that is gone takes the
// resource with it.
type deviceSetting struct {
	property string
	field    rest.Field
	// path follows the device's id in the POST that sets the property.
	path string
	body func(plan rest.Object) any
	// get is the path of the GET, after the device's id; value finds the property in its answer.
	get   string
	value func(deviceAnswer) any
	// subject completes the words of errors: "Failed to update device SUBJECT".
	subject, of string
	// ownID gives the resource an id of its own; else the id is the device's.
	ownID bool
	// stays leaves the property as it is when the resource goes.
	stays   bool
	warning string
}

func (d deviceSetting) behaviour() behaviour {
	write := func(ctx context.Context, c *client, verb, id string, plan rest.Object) error {
		if err := c.send(ctx, http.MethodPost, device(id, d.path), d.body(plan), nil); err != nil {
			return rest.Failf("Failed to "+verb+" device "+d.subject,
				"Failed to %s %s for device with ID %s: %w", verb, d.of, id, err)
		}
		return nil
	}
	made := behaviour{
		Schema: rest.Schema{
			"deviceId": {Required: true, Replace: true}, d.property: d.field,
		},
		Warning:  d.warning,
		Imported: func(id string) rest.Object { return rest.Object{"deviceId": id} },
		Create: func(ctx context.Context, c *client, plan rest.Object) (string, rest.Object, error) {
			id := plan.Text("deviceId")
			err := write(ctx, c, "update", id, plan)
			if d.ownID {
				id = uuid.NewString()
			}
			return id, plan, err
		},
		Read: func(
			ctx context.Context, c *client, _ provider.Call, state rest.Object,
		) (rest.Object, bool, error) {
			var found deviceAnswer
			id := state.Text("deviceId")
			err := c.get(ctx, device(id, d.get), &found)
			if isGone(err) {
				return nil, false, nil
			}
			if err != nil {
				return nil, false, rest.Failf("Failed to fetch device "+d.subject,
					"Failed to fetch %s for device with ID %s: %w", d.of, id, err)
			}
			return state.With(rest.Object{d.property: d.value(found)}), true, nil
		},
		Update: func(
			ctx context.Context, c *client, _ string, _, plan rest.Object,
		) (rest.Object, error) {
			return plan, write(ctx, c, "update", plan.Text("deviceId"), plan)
		},
	}
	if !d.stays {
		made.Delete = func(ctx context.Context, c *client, _ string, state rest.Object) error {
			return write(ctx, c, "delete", state.Text("deviceId"), rest.Object{})
		}
	}
	return made
}

func deviceTags() behaviour {
	return deviceSetting{
		property: "tags", field: rest.Field{Kind: rest.Texts, Required: true, Unordered: true},
		path: "/tags", subject: "tags", of: "tags",
		body:  func(plan rest.Object) any { return map[string]any{"tags": plan.Texts("tags")} },
		value: func(found deviceAnswer) any { return rest.Anys(found.Tags) },
	}.behaviour()
}

func deviceSubnetRoutes() behaviour {
	return deviceSetting{
		property: "routes", field: rest.Field{Kind: rest.Texts, Required: true, Unordered: true},
		path: "/routes", get: "/routes", subject: "subnet routes", of: "subnet routes", ownID: true,
		body:  func(plan rest.Object) any { return map[string]any{"routes": plan.Texts("routes")} },
		value: func(found deviceAnswer) any { return rest.Anys(found.EnabledRoutes) },
	}.behaviour()
}

func deviceKey() behaviour {
	return deviceSetting{
		property: "keyExpiryDisabled", field: rest.Field{Kind: rest.Flag, Default: false},
		path: "/key", subject: "key", of: "key",
		body: func(plan rest.Object) any {
			return map[string]any{"keyExpiryDisabled": plan.Flag("keyExpiryDisabled")}
		},
		value: func(found deviceAnswer) any { return found.KeyExpiryDisabled },
	}.behaviour()
}

func deviceAuthorization() behaviour {
	return deviceSetting{
		property: "authorized", field: rest.Field{Kind: rest.Flag, Required: true},
		path: "/authorized", subject: "authorization", of: "authorization", stays: true,
		body: func(plan rest.Object) any {
			return map[string]any{"authorized": plan.Flag("authorized")}
		},
		value: func(found deviceAnswer) any { return found.Authorized },
		warning: "Applying this resource destruction will only remove the resource from the state and " +
			"will not modify the device's authorization.",
	}.behaviour()
}
