package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

const (
	failedRequest = "failed to make http request"
	failedAnswer  = "failed to deserialize http request"
	// noID is the id of a resource whose creation was answered without one.
	noID = "{<nil>}"
)

// collection is a resource that lives below a path of the API: POST makes one, PUT replaces it, GET reads
// it, DELETE removes it.
type collection struct {
	schema rest.Schema
	// path is where its items are; idName is what the API calls an item's id.
	path   func(rest.Object) string
	idName string
	// patch updates with the changed fields alone.
	patch bool
	// prepare changes a request's body.
	prepare func(state, plan rest.Object, body map[string]any)
	// read changes what was read, given the state before.
	read func(before, now rest.Object)
}

func account(path string) func(rest.Object) string {
	return func(o rest.Object) string {
		return "accounts/" + url.PathEscape(o.Text("accountId")) + "/" + path
	}
}

func (c collection) item(o rest.Object, id string) string {
	return c.path(o) + "/" + url.PathEscape(id)
}

func (c collection) behaviour() behaviour {
	return behaviour{
		Schema: c.schema, Create: c.create, Read: c.refresh, Update: c.update, Delete: c.remove,
	}
}

func (c collection) create(
	ctx context.Context, api *client, plan rest.Object,
) (string, rest.Object, error) {
	body := c.schema.Encode(plan)
	if c.prepare != nil {
		c.prepare(nil, plan, body)
	}
	answer, err := api.result(ctx, http.MethodPost, c.path(plan), body)
	if err != nil {
		return "", nil, rest.Fail(failedRequest, err)
	}
	state, err := c.schema.Fill(plan, answer)
	if err != nil {
		return "", nil, rest.Fail(failedAnswer, err)
	}
	id, ok := answer["id"].(string)
	if !ok || id == "" {
		id = noID
	}
	return id, state, nil
}

func (c collection) refresh(
	ctx context.Context, api *client, call provider.Call, state rest.Object,
) (rest.Object, bool, error) {
	if call.ID == noID {
		return nil, false, rest.Fail(failedRequest,
			fmt.Errorf("missing required %s parameter", c.idName))
	}
	answer, err := api.result(ctx, http.MethodGet, c.item(state, call.ID), nil)
	if isGone(err) {
		gone(ctx, call)
		return nil, false, nil
	}
	if err != nil {
		return nil, false, rest.Fail(failedRequest, err)
	}
	now, err := c.schema.Refresh(state, answer)
	if err != nil {
		return nil, false, rest.Fail(failedAnswer, err)
	}
	if c.read != nil {
		c.read(state, now)
	}
	return now, true, nil
}

func (c collection) update(
	ctx context.Context, api *client, id string, state, plan rest.Object,
) (rest.Object, error) {
	if id == noID {
		return nil, rest.Fail(failedRequest, fmt.Errorf("missing required %s parameter", c.idName))
	}
	method, body := http.MethodPut, c.schema.EncodeUpdate(state, plan)
	if c.patch {
		method, body = http.MethodPatch, c.schema.EncodeChanges(state, plan)
	}
	if c.prepare != nil {
		c.prepare(state, plan, body)
	}
	answer, err := api.result(ctx, method, c.item(plan, id), body)
	if err != nil {
		return nil, rest.Fail(failedRequest, err)
	}
	fresh, err := c.schema.Fill(plan, answer)
	if err != nil {
		return nil, rest.Fail(failedAnswer, err)
	}
	// What the answer does not tell stays as it was.
	for name, field := range c.schema {
		if field.Output && !fresh.Has(name) && state.Has(name) {
			fresh[name] = state[name]
		}
	}
	return fresh, nil
}

func (c collection) remove(
	ctx context.Context, api *client, id string, state rest.Object,
) error {
	if id == noID {
		return rest.Fail(failedRequest, errors.New("missing required "+c.idName+" parameter"))
	}
	var answer any
	return rest.Fail(failedRequest,
		api.read(ctx, http.MethodDelete, c.item(state, id), &answer))
}

// gone tells why a resource leaves the state.
func gone(ctx context.Context, call provider.Call) {
	provider.Log(ctx, call, diag.Warning, "Resource not found: "+
		"The resource was not found on the server and will be removed from state.")
}
