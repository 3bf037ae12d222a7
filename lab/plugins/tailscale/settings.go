package tailscale

import (
	"context"
	"net/http"
	"regexp"
	"slices"

	"github.com/google/uuid"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// settings of the tailnet by their names in the SDK; Wire is the name in the API.
var settings = rest.Schema{
	"aclsExternallyManagedOn":     setting(rest.Flag, "aclsExternallyManagedOn"),
	"aclsExternalLink":            setting(rest.Text, "aclsExternalLink"),
	"devicesApprovalOn":           setting(rest.Flag, "devicesApprovalOn"),
	"devicesAutoUpdatesOn":        setting(rest.Flag, "devicesAutoUpdatesOn"),
	"devicesKeyDurationDays":      setting(rest.Number, "devicesKeyDurationDays"),
	"usersApprovalOn":             setting(rest.Flag, "usersApprovalOn"),
	"networkFlowLoggingOn":        setting(rest.Flag, "networkFlowLoggingOn"),
	"regionalRoutingOn":           setting(rest.Flag, "regionalRoutingOn"),
	"postureIdentityCollectionOn": setting(rest.Flag, "postureIdentityCollectionOn"),
	"httpsEnabled":                setting(rest.Flag, "httpsEnabled"),
	"usersRoleAllowedToJoinExternalTailnet": setting(
		rest.Text, "usersRoleAllowedToJoinExternalTailnets"),
}

func setting(kind rest.Kind, wire string) rest.Field {
	return rest.Field{Kind: kind, Wire: wire, Computed: true}
}

// alwaysSent are null where a change does not concern them.
var alwaysSent = []string{"aclsExternallyManagedOn", "aclsExternalLink"}

var (
	webAddress    = regexp.MustCompile(`^https?://`)
	externalRoles = []string{"none", "member", "admin"}
)

// tailnetSettings changes the settings that the program names, and shows all.
func tailnetSettings() behaviour {
	change := func(ctx context.Context, c *client, state, plan rest.Object) (rest.Object, error) {
		body := settings.EncodeChanges(state, plan)
		for _, name := range alwaysSent {
			if _, given := body[name]; !given {
				body[name] = nil
			}
		}
		if err := c.send(ctx, http.MethodPatch, c.of("settings"), body, nil); err != nil {
			return nil, rest.Failf("Failed to update tailnet settings",
				"Error updating tailnet settings: %w", err)
		}
		return readSettings(ctx, c)
	}
	return behaviour{
		Schema: settings,
		Validate: func(inputs provider.Map) []provider.Failure {
			link := provider.Text(inputs, "aclsExternalLink")
			if link != "" && !webAddress.MatchString(link) {
				return []provider.Failure{{Property: "aclsExternalLink",
					Reason: "must be a valid URL with http or https scheme"}}
			}
			role := provider.Text(inputs, "usersRoleAllowedToJoinExternalTailnet")
			if role != "" && !slices.Contains(externalRoles, role) {
				return []provider.Failure{{Property: "usersRoleAllowedToJoinExternalTailnet",
					Reason: `value must be one of: ["none" "member" "admin"]`}}
			}
			return nil
		},
		Warning: "Destroying this resource will only remove the resource from the state and will not undo or " +
			"change any tailnet settings.",
		Create: func(ctx context.Context, c *client, plan rest.Object) (string, rest.Object, error) {
			state, err := change(ctx, c, rest.Object{}, plan)
			return uuid.NewString(), state, err
		},
		Read: func(
			ctx context.Context, c *client, _ provider.Call, _ rest.Object,
		) (rest.Object, bool, error) {
			state, err := readSettings(ctx, c)
			return state, err == nil, err
		},
		Update: func(
			ctx context.Context, c *client, _ string, state, plan rest.Object,
		) (rest.Object, error) {
			return change(ctx, c, state, plan)
		},
	}
}

// readSettings reads all settings; one that the server leaves out is off, empty or 0.
func readSettings(ctx context.Context, c *client) (rest.Object, error) {
	const summary = "Failed to fetch tailnet settings"
	answer := map[string]any{}
	if err := c.get(ctx, c.of("settings"), &answer); err != nil {
		return nil, rest.Failf(summary, "Error reading tailnet settings: %w", err)
	}
	state, err := settings.Decode(answer)
	if err != nil {
		return nil, rest.Fail(summary, err)
	}
	for name, field := range settings {
		if !state.Has(name) {
			state[name] = map[rest.Kind]any{rest.Flag: false, rest.Text: "", rest.Number: 0.0}[field.Kind]
		}
	}
	return state, nil
}
