package tailscale

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/google/uuid"
	"github.com/tailscale/hujson"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// unchangedPolicy is the entity tag of a policy that nobody has edited yet.
const unchangedPolicy = "ts-default"

// postedNote remembers what was sent last, as a hash: where the server's text differs from it, the text was
// edited or reformatted there.
const postedNote = "__posted"

// acl is the tailnet's whole policy. Only the syntax of a text is checked before it is posted.
func acl() behaviour {
	set := func(ctx context.Context, c *client, text, ifMatch string) error {
		_, err := c.exchange(ctx, http.MethodPost, c.of("acl"), exchange{
			body: []byte(text), media: hujsonType, ifMatch: ifMatch,
		})
		return err
	}
	return behaviour{
		Schema: rest.Schema{
			"acl":                      {Required: true},
			"overwriteExistingContent": {Kind: rest.Flag},
			"resetAclOnDestroy":        {Kind: rest.Flag},
		},
		Validate: func(inputs provider.Map) []provider.Failure {
			if !inputs["acl"].IsString() {
				return nil
			}
			if _, err := hujson.Parse([]byte(inputs["acl"].StringValue())); err != nil {
				return []provider.Failure{{Property: "acl",
					Reason: "Attribute acl is invalid HuJSON, got: " + err.Error()}}
			}
			return nil
		},
		// White space alone is no change, unless it is the server that changed it: then the text is sent again.
		Adjust: func(state, _, plan provider.Map) {
			old, new := state["acl"], plan["acl"]
			if !old.IsString() || !new.IsString() {
				return
			}
			sent := provider.Text(state, postedNote)
			if drifted := sent != "" && sent != hash(old.StringValue()); drifted {
				return
			}
			if samePolicy(old.StringValue(), new.StringValue()) {
				plan["acl"] = old
			}
		},
		Create: func(ctx context.Context, c *client, plan rest.Object) (string, rest.Object, error) {
			ifMatch := unchangedPolicy
			if plan.Flag("overwriteExistingContent") {
				ifMatch = ""
			}
			err := set(ctx, c, plan.Text("acl"), ifMatch)
			if statusOf(err) == http.StatusPreconditionFailed {
				return "", nil, rest.Fail("Overwrite Protected", errors.New("You are trying to overwrite a "+
					"non-default policy. Please import the ACL first or set overwrite_existing_content = true."))
			}
			return uuid.NewString(), noted(plan), rest.Fail("Failed to set ACL", err)
		},
		Read: func(
			ctx context.Context, c *client, _ provider.Call, state rest.Object,
		) (rest.Object, bool, error) {
			text, err := c.exchange(ctx, http.MethodGet, c.of("acl"), exchange{media: hujsonType})
			if err != nil {
				return nil, false, rest.Fail("Failed to fetch ACL", err)
			}
			return state.With(rest.Object{"acl": string(text)}), true, nil
		},
		Update: func(
			ctx context.Context, c *client, _ string, _, plan rest.Object,
		) (rest.Object, error) {
			err := set(ctx, c, plan.Text("acl"), "")
			return noted(plan), rest.Fail("Failed to update ACL", err)
		},
		Delete: func(ctx context.Context, c *client, _ string, state rest.Object) error {
			if !state.Flag("resetAclOnDestroy") {
				return nil
			}
			return rest.Fail("Failed to reset ACL", set(ctx, c, "", ""))
		},
	}
}

func noted(plan rest.Object) rest.Object {
	return plan.With(rest.Object{postedNote: hash(plan.Text("acl"))})
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func samePolicy(one, other string) bool {
	a, errA := hujson.Format([]byte(one))
	b, errB := hujson.Format([]byte(other))
	return errA == nil && errB == nil && string(a) == string(b)
}
