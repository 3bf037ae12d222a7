package proxmoxve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"

	"homelab/lab/plugins/provider"
)

const pciMappings = "cluster/mapping/pci"

// pciMapping is proxmoxve:hardware/mapping/pci:Pci. A changed name is an update that goes to the new id
// and fails there.
func pciMapping(p *plugin) provider.Resource {
	return &simple{
		plugin: p,
		schema: schema{
			"name": {kind: text, required: true}, "comment": {kind: text},
			"mediatedDevices": {kind: boolean, def: false},
			"maps": {kind: objects, required: true, fields: schema{
				"id": {kind: text, required: true}, "node": {kind: text, required: true},
				"path": {kind: text, required: true}, "comment": {kind: text},
				"iommuGroup": {kind: number}, "subsystemId": {kind: text},
			}},
		},
		create: func(ctx context.Context, a *api, inputs block) (string, block, error) {
			name, form := inputs.text("name", ""), pciForm(inputs)
			form.Set("id", name)
			if err := a.send(ctx, http.MethodPost, pciMappings, form, nil); err != nil {
				return "", nil, fmt.Errorf("error creating PCI hardware mapping %s: %w", name, err)
			}
			state, _, err := readPCI(ctx, a, name, inputs)
			return name, state, err
		},
		read: readPCI,
		update: func(ctx context.Context, a *api, _ string, old, inputs block) (block, error) {
			name, form := inputs.text("name", ""), pciForm(inputs)
			deleted := []string{}
			if !inputs.flag("mediatedDevices", false) {
				deleted = append(deleted, "mdev")
			}
			if old.has("comment") && !inputs.has("comment") {
				deleted = append(deleted, "description")
			}
			optional(form, "delete", strings.Join(deleted, ","))
			err := a.send(ctx, http.MethodPut, pciMappings+"/"+url.PathEscape(name), form, nil)
			if err != nil {
				return nil, fmt.Errorf("error updating PCI hardware mapping %s: %w", name, err)
			}
			state, _, err := readPCI(ctx, a, name, inputs)
			return state, err
		},
		remove: func(ctx context.Context, a *api, id string, _ block) error {
			return deleteUnlessGone(ctx, a, pciMappings+"/"+url.PathEscape(id))
		},
	}
}

// pciForm repeats `map` once per entry.
func pciForm(inputs block) url.Values {
	form := url.Values{}
	optional(form, "description", inputs.text("comment", ""))
	if inputs.flag("mediatedDevices", false) {
		form.Set("mdev", "1")
	}
	for _, entry := range inputs.blocks("maps") {
		parts := []string{
			"id=" + entry.text("id", ""), "node=" + entry.text("node", ""), "path=" + entry.text("path", ""),
		}
		if comment := entry.text("comment", ""); comment != "" {
			parts = append(parts, "description="+comment)
		}
		if entry.has("iommuGroup") {
			parts = append(parts, "iommugroup="+decimal(entry.number("iommuGroup", 0)))
		}
		if subsystem := entry.text("subsystemId", ""); subsystem != "" {
			parts = append(parts, "subsystem-id="+subsystem)
		}
		form.Add("map", strings.Join(parts, ","))
	}
	return form
}

// readPCI keeps the order of entries that the state has; the host may answer in any.
func readPCI(ctx context.Context, a *api, id string, state block) (block, bool, error) {
	var found struct {
		Description string   `json:"description"`
		Mdev        any      `json:"mdev"`
		Map         []string `json:"map"`
	}
	err := a.get(ctx, pciMappings+"/"+url.PathEscape(id), nil, &found)
	if errors.Is(err, errGone) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("error retrieving PCI hardware mapping %s: %w", id, err)
	}
	var entries []block
	for _, text := range found.Map {
		options, entry := parseOptions(text, ""), block{}
		for option, argument := range map[string]string{
			"id": "id", "node": "node", "path": "path", "description": "comment",
			"subsystem-id": "subsystemId",
		} {
			if value, ok := options[option]; ok {
				entry[argument] = value
			}
		}
		if group, err := strconv.ParseFloat(options["iommugroup"], 64); err == nil {
			entry["iommuGroup"] = group
		}
		entries = append(entries, entry)
	}
	place := map[string]int{}
	for i, entry := range state.blocks("maps") {
		place[entry.text("node", "")+" "+entry.text("path", "")] = i - len(state.blocks("maps"))
	}
	sort.SliceStable(entries, func(i, j int) bool {
		key := func(e block) int { return place[e.text("node", "")+" "+e.text("path", "")] }
		return key(entries[i]) < key(entries[j])
	})
	read := block{
		"name": id, "maps": anyBlocks(entries),
		"mediatedDevices": fmt.Sprint(found.Mdev) == "1" || found.Mdev == true,
	}
	if found.Description != "" {
		read["comment"] = found.Description
	}
	return read, true, nil
}
