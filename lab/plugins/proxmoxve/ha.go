package proxmoxve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"homelab/lab/plugins/provider"
)

const haResources = "cluster/ha/resources/"

// haResource is proxmoxve:index/haresource:Haresource. A changed resourceId is an update that goes to
// the old id, and stays a difference.
func haResource(p *plugin) provider.Resource {
	read := func(ctx context.Context, a *api, id string, state block) (block, bool, error) {
		var found struct {
			Sid         string   `json:"sid"`
			Type        string   `json:"type"`
			State       string   `json:"state"`
			Comment     *string  `json:"comment"`
			MaxRestart  *float64 `json:"max_restart"`
			MaxRelocate *float64 `json:"max_relocate"`
			Failback    *int     `json:"failback"`
		}
		err := a.get(ctx, haResources+url.PathEscape(id), nil, &found)
		if errors.Is(err, errGone) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, fmt.Errorf("error retrieving HA resource %s: %w", id, err)
		}
		read := block{"resourceId": found.Sid, "type": found.Type, "state": found.State}
		if found.Comment != nil {
			read["comment"] = strings.TrimSuffix(*found.Comment, "\n")
		}
		if found.MaxRestart != nil {
			read["maxRestart"] = *found.MaxRestart
		}
		if found.MaxRelocate != nil {
			read["maxRelocate"] = *found.MaxRelocate
		}
		if found.Failback != nil && state.has("failback") {
			read["failback"] = *found.Failback == 1
		}
		return read, true, nil
	}
	values := func(inputs block) url.Values {
		sid := inputs.text("resourceId", "")
		kind, _, _ := strings.Cut(sid, ":")
		form := url.Values{
			"state": {inputs.text("state", "started")}, "type": {inputs.text("type", kind)},
		}
		optional(form, "comment", inputs.text("comment", ""))
		for name, argument := range map[string]string{
			"max_restart": "maxRestart", "max_relocate": "maxRelocate",
		} {
			if inputs.has(argument) {
				form.Set(name, decimal(inputs.number(argument, 1)))
			}
		}
		if inputs.has("failback") {
			form.Set("failback", bit(inputs.flag("failback", true)))
		}
		return form
	}
	return &simple{
		plugin: p,
		schema: schema{
			"resourceId": {kind: text, required: true}, "state": {kind: text, computed: true},
			"type": {kind: text, computed: true, replace: true}, "comment": {kind: text},
			"maxRestart": {kind: number}, "maxRelocate": {kind: number}, "failback": {kind: boolean},
		},
		create: func(ctx context.Context, a *api, inputs block) (string, block, error) {
			id, form := inputs.text("resourceId", ""), values(inputs)
			form.Set("sid", id)
			if err := a.send(ctx, http.MethodPost, haResources, form, nil); err != nil {
				return "", nil, fmt.Errorf("error creating HA resource %s: %w", id, err)
			}
			state, _, err := read(ctx, a, id, inputs)
			return id, state, err
		},
		read: read,
		update: func(ctx context.Context, a *api, id string, old, inputs block) (block, error) {
			form := values(inputs)
			form.Del("type")
			if old.has("comment") && !inputs.has("comment") {
				form.Set("delete", "comment")
			}
			err := a.send(ctx, http.MethodPut, haResources+url.PathEscape(id), form, nil)
			if err != nil {
				return nil, fmt.Errorf("error updating HA resource %s: %w", id, err)
			}
			state, _, err := read(ctx, a, id, inputs)
			return state, err
		},
		remove: func(ctx context.Context, a *api, id string, _ block) error {
			return deleteUnlessGone(ctx, a, haResources+url.PathEscape(id))
		},
	}
}

func deleteUnlessGone(ctx context.Context, a *api, path string) error {
	if err := a.delete(ctx, path, nil); err != nil && !errors.Is(err, errGone) {
		return fmt.Errorf("error deleting %s: %w", path, err)
	}
	return nil
}
