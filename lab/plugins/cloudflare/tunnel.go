package cloudflare

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

var (
	accountID = rest.Field{Local: true, Required: true, Replace: true}
	output    = rest.Field{Output: true}
	moving    = rest.Field{Output: true, Moves: true}
)

// tunnel is a tunnel that cloudflared connects to. Neither its secret nor where its configuration lies is
// ever read back.
func tunnel() behaviour {
	made := collection{
		path: account("cfd_tunnel"), idName: "tunnel_id", patch: true,
		schema: rest.Schema{
			"accountId":     accountID,
			"name":          {Required: true},
			"configSrc":     {Default: "local", Kept: true, ReplaceGiven: true},
			"tunnelSecret":  {Secret: true, Kept: true},
			"accountTag":    moving,
			"connsActiveAt": moving, "connsInactiveAt": moving, "createdAt": moving, "deletedAt": moving,
			"remoteConfig": {Kind: rest.Flag, Output: true, Moves: true},
			"status":       moving, "tunType": moving,
			"metadata": {Kind: rest.JSON, Output: true, Moves: true},
			"connections": {Kind: rest.List, Output: true, Moves: true, Fields: rest.Schema{
				"id": {}, "clientId": {}, "clientVersion": {}, "coloName": {}, "openedAt": {},
				"originIp": {}, "uuid": {}, "isPendingReconnect": {Kind: rest.Flag},
			}},
		},
	}.behaviour()
	made.Validate = func(inputs provider.Map) []provider.Failure {
		return oneOf(inputs, "configSrc", "local", "cloudflare")
	}
	return made
}

// originRequest is how cloudflared speaks to a service; its names are in camelCase on the wire.
var originRequest = rest.Field{Kind: rest.Nested, Wire: "originRequest", Fields: rest.Schema{
	"access": {Kind: rest.Nested, Fields: rest.Schema{
		"audTags":  {Kind: rest.Texts, Wire: "audTag", Required: true},
		"teamName": {Wire: "teamName", Required: true},
		"required": {Kind: rest.Flag},
	}},
	"caPool": {Wire: "caPool"}, "httpHostHeader": {Wire: "httpHostHeader"},
	"originServerName": {Wire: "originServerName"}, "proxyType": {Wire: "proxyType"},
	"connectTimeout":         {Kind: rest.Number, Wire: "connectTimeout"},
	"keepAliveConnections":   {Kind: rest.Number, Wire: "keepAliveConnections"},
	"keepAliveTimeout":       {Kind: rest.Number, Wire: "keepAliveTimeout"},
	"tcpKeepAlive":           {Kind: rest.Number, Wire: "tcpKeepAlive"},
	"tlsTimeout":             {Kind: rest.Number, Wire: "tlsTimeout"},
	"disableChunkedEncoding": {Kind: rest.Flag, Wire: "disableChunkedEncoding"},
	"http2Origin":            {Kind: rest.Flag, Wire: "http2Origin"},
	"matchSnItoHost":         {Kind: rest.Flag, Wire: "matchSNItoHost"},
	"noHappyEyeballs":        {Kind: rest.Flag, Wire: "noHappyEyeballs"},
	"noTlsVerify":            {Kind: rest.Flag, Wire: "noTLSVerify"},
}}

var tunnelConfigSchema = rest.Schema{
	"accountId": accountID,
	"tunnelId":  {Local: true, Required: true, Replace: true},
	"source":    {Computed: true},
	"config": {Kind: rest.Nested, Fields: rest.Schema{
		"ingresses": {Kind: rest.List, Wire: "ingress", Fields: rest.Schema{
			"service": {Required: true}, "hostname": {}, "path": {}, "originRequest": originRequest,
		}},
		"originRequest": originRequest,
	}},
	"createdAt": moving, "version": {Kind: rest.Number, Output: true, Moves: true},
}

// tunnelConfig is a tunnel's configuration. It goes with the tunnel: nothing is called to remove it.
func tunnelConfig() behaviour {
	path := func(o rest.Object) string {
		return account("cfd_tunnel")(o) + "/" + url.PathEscape(o.Text("tunnelId")) + "/configurations"
	}
	put := func(
		ctx context.Context, api *client, plan rest.Object, body map[string]any,
	) (rest.Object, error) {
		if !plan.Has("config") {
			return nil, rest.Fail("Value Conversion Error", errors.New("config: name the tunnel's ingress "+
				"rules; the provider cannot do without, though the types allow it"))
		}
		answer, err := api.result(ctx, http.MethodPut, path(plan), body)
		if err != nil {
			return nil, rest.Fail(failedRequest, err)
		}
		state, err := tunnelConfigSchema.Fill(plan, answer)
		return state, rest.Fail(failedAnswer, err)
	}
	return behaviour{
		Schema: tunnelConfigSchema,
		Validate: func(inputs provider.Map) []provider.Failure {
			return oneOf(inputs, "source", "local", "cloudflare")
		},
		Warning: "This resource cannot be destroyed from Terraform. If you create this resource, it will be " +
			"present in the API until manually deleted.",
		WarnOnCreate: true,
		Create: func(
			ctx context.Context, api *client, plan rest.Object,
		) (string, rest.Object, error) {
			state, err := put(ctx, api, plan, tunnelConfigSchema.Encode(plan))
			return plan.Text("tunnelId"), state, err
		},
		Update: func(
			ctx context.Context, api *client, _ string, state, plan rest.Object,
		) (rest.Object, error) {
			return put(ctx, api, plan, tunnelConfigSchema.EncodeUpdate(state, plan))
		},
		Read: func(
			ctx context.Context, api *client, call provider.Call, state rest.Object,
		) (rest.Object, bool, error) {
			answer, err := api.result(ctx, http.MethodGet, path(state), nil)
			if isGone(err) {
				gone(ctx, call)
				return nil, false, nil
			}
			if err != nil {
				return nil, false, rest.Fail(failedRequest, err)
			}
			now, err := tunnelConfigSchema.Refresh(state, answer)
			return now, err == nil, rest.Fail(failedAnswer, err)
		},
	}
}

// oneOf refuses a text that is none of those, in any case of letters.
func oneOf(inputs provider.Map, name string, values ...string) []provider.Failure {
	given := provider.Text(inputs, name)
	if given == "" || slices.ContainsFunc(values, func(one string) bool {
		return strings.EqualFold(one, given)
	}) {
		return nil
	}
	return []provider.Failure{{Property: name, Reason: "Attribute " + name +
		" value must be one of: " + strings.Join(values, ", ")}}
}
