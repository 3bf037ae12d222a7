package proxmoxve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// pool is a resource pool: GET pools?poolid=P answers a list of one.
type pool struct {
	ID      string `json:"poolid"`
	Comment string `json:"comment"`
	Members []struct {
		ID      string `json:"id"`
		Node    string `json:"node"`
		Type    string `json:"type"`
		VMID    int    `json:"vmid"`
		Storage string `json:"storage"`
	} `json:"members"`
}

func poolQuery(id string) string { return "pools?poolid=" + url.QueryEscape(id) }

func readPool(ctx context.Context, a *api, id string) (pool, error) {
	var found []pool
	if err := a.get(ctx, poolQuery(id), nil, &found); err != nil {
		return pool{}, fmt.Errorf("error retrieving pool %s: %w", id, err)
	}
	if len(found) == 0 {
		return pool{}, fmt.Errorf("error retrieving pool %s: %w", id, errGone)
	}
	return found[0], nil
}

func changePool(ctx context.Context, a *api, id string, values url.Values) error {
	if err := a.send(ctx, http.MethodPut, poolQuery(id), values, nil); err != nil {
		return fmt.Errorf("error updating pool %s: %w", id, err)
	}
	return nil
}

// poolLegacy is proxmoxve:index/poolLegacy:PoolLegacy.
func poolLegacy(p *plugin) provider.Resource {
	read := func(ctx context.Context, a *api, id string, state block) (block, bool, error) {
		found, err := readPool(ctx, a, id)
		if errors.Is(err, errGone) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		members := []block{}
		for _, one := range found.Members {
			members = append(members, block{
				"id": one.ID, "nodeName": one.Node, "type": one.Type, "vmId": float64(one.VMID),
				"datastoreId": one.Storage,
			})
		}
		return state.with(block{
			"poolId": id, "comment": found.Comment, "members": anyBlocks(members),
		}), true, nil
	}
	return &simple{
		plugin: p,
		schema: schema{
			"poolId":  {kind: text, required: true, replace: true},
			"comment": {kind: text, def: ""},
			"members": {output: true},
		},
		create: func(ctx context.Context, a *api, inputs block) (string, block, error) {
			id, values := inputs.text("poolId", ""), url.Values{"poolid": {inputs.text("poolId", "")}}
			optional(values, "comment", inputs.text("comment", ""))
			if err := a.send(ctx, http.MethodPost, "pools", values, nil); err != nil {
				return "", nil, fmt.Errorf("error creating pool: %w", err)
			}
			state, _, err := read(ctx, a, id, inputs)
			return id, state, err
		},
		read: read,
		// One that fails leaves a state as if it had not, as an update of a VM does (bpg's poolUpdate).
		update: func(ctx context.Context, a *api, id string, old, inputs block) (block, error) {
			err := changePool(ctx, a, id, url.Values{"comment": {inputs.text("comment", "")}})
			if err != nil {
				return nil, &provider.Partial{ID: id, State: resource.NewPropertyMapFromMap(old.with(inputs)), Err: err}
			}
			state, _, err := read(ctx, a, id, inputs)
			return state, err
		},
		remove: func(ctx context.Context, a *api, id string, _ block) error {
			err := a.delete(ctx, poolQuery(id), nil)
			if err != nil && !errors.Is(err, errGone) {
				return fmt.Errorf("error deleting pool %s: %w", id, err)
			}
			return nil
		},
	}
}
