package cloudflare

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// getTunnelToken reads the token that cloudflared runs a tunnel with. It is not secret by itself: the
// program has to mark it.
func (p *plugin) getTunnelToken(ctx context.Context, args provider.Map) (provider.Map, error) {
	api, err := p.client()
	if err != nil {
		return nil, err
	}
	given := rest.Object(args.Mappable())
	path := account("cfd_tunnel")(given) + "/" + url.PathEscape(given.Text("tunnelId")) + "/token"
	answer, _, err := api.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return nil, rest.Fail(failedRequest, err)
	}
	var envelope struct {
		Result any `json:"result"`
	}
	// An answer that is no text gives no token, silently.
	if json.Unmarshal(answer, &envelope) == nil {
		if token, ok := envelope.Result.(string); ok {
			given = given.With(rest.Object{"token": token})
		}
	}
	return resource.NewPropertyMapFromMap(given), nil
}

// zoneSchema is what a program may read of a zone.
var zoneSchema = rest.Schema{
	"name": output, "status": output, "type": output, "paused": {Kind: rest.Flag, Output: true},
	"nameServers":         {Kind: rest.Texts, Output: true},
	"originalNameServers": {Kind: rest.Texts, Output: true},
	"createdOn":           output, "modifiedOn": output, "activatedOn": output,
	"account": {Kind: rest.Nested, Output: true, Fields: rest.Schema{"id": {}, "name": {}}},
}

// getZone finds one zone by its id, or by a filter that must match exactly one.
func (p *plugin) getZone(ctx context.Context, args provider.Map) (provider.Map, error) {
	api, err := p.client()
	if err != nil {
		return nil, err
	}
	given := rest.Object(args.Mappable())
	id := given.Text("zoneId")
	if id == "" {
		if id, err = zoneByFilter(ctx, api, given); err != nil {
			return nil, err
		}
	}
	answer, err := api.result(ctx, http.MethodGet, "zones/"+url.PathEscape(id), nil)
	if err != nil {
		return nil, rest.Fail(failedRequest, err)
	}
	zone, err := zoneSchema.Decode(answer)
	if err != nil {
		return nil, rest.Fail(failedAnswer, err)
	}
	return resource.NewPropertyMapFromMap(zone.With(given).With(rest.Object{
		"id": id, "zoneId": id,
	})), nil
}

func zoneByFilter(ctx context.Context, api *client, given rest.Object) (string, error) {
	nested, _ := given["filter"].(map[string]any)
	filter, query := rest.Object(nested), url.Values{}
	for name := range filter {
		switch name {
		case "name", "status":
			query.Set(name, filter.Text(name))
		case "account":
			named, _ := filter["account"].(map[string]any)
			if id := rest.Object(named).Text("id"); id != "" {
				query.Set("account.id", id)
			}
			if text := rest.Object(named).Text("name"); text != "" {
				query.Set("account.name", text)
			}
		default:
			return "", fmt.Errorf("filter.%s: not supported by the stand-in plugin; it supports account, "+
				"name, status", name)
		}
	}
	if len(query) == 0 {
		return "", fmt.Errorf("name a zone by zoneId, or by filter")
	}
	var list struct {
		Result []struct {
			ID string `json:"id"`
		} `json:"result"`
	}
	if err := api.read(ctx, http.MethodGet, "zones?"+query.Encode(), &list); err != nil {
		return "", rest.Fail(failedRequest, err)
	}
	if len(list.Result) != 1 {
		return "", rest.Failf("failed to find exactly one result", "%d found", len(list.Result))
	}
	return list.Result[0].ID, nil
}
