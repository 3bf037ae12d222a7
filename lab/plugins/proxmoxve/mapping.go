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

// pciMapping is proxmoxve:hardware/mapping/pci:Pci.
func pciMapping(p *plugin) provider.Resource {
	return deviceMapping(p, "pci", schema{
		"name": {kind: text, required: true}, "comment": {kind: text},
		"mediatedDevices": {kind: boolean, def: false},
		"maps": {kind: objects, required: true, fields: schema{
			"id": {kind: text, required: true}, "node": {kind: text, required: true},
			"path": {kind: text, required: true}, "comment": {kind: text},
			"iommuGroup": {kind: number}, "subsystemId": {kind: text},
		}},
	})
}

// usbMapping is proxmoxve:hardware/mapping/usb:Usb.
func usbMapping(p *plugin) provider.Resource {
	return deviceMapping(p, "usb", schema{
		"name": {kind: text, required: true}, "comment": {kind: text},
		"maps": {kind: objects, required: true, fields: schema{
			"id": {kind: text, required: true}, "node": {kind: text, required: true},
			"path": {kind: text}, "comment": {kind: text},
		}},
	})
}

// deviceMapping is a mapping of a kind: pci or usb. A changed name is an update that goes to the new id
// and fails there.
func deviceMapping(p *plugin, kind string, described schema) provider.Resource {
	mappings, title := "cluster/mapping/"+kind, strings.ToUpper(kind)
	read := func(ctx context.Context, a *api, id string, state block) (block, bool, error) {
		return readMapping(ctx, a, kind, id, state)
	}
	return &simple{
		plugin: p,
		schema: described,
		create: func(ctx context.Context, a *api, inputs block) (string, block, error) {
			name, form := inputs.text("name", ""), mappingForm(inputs)
			form.Set("id", name)
			if err := a.send(ctx, http.MethodPost, mappings, form, nil); err != nil {
				return "", nil, fmt.Errorf("error creating %s hardware mapping %s: %w", title, name, err)
			}
			state, _, err := read(ctx, a, name, inputs)
			return name, state, err
		},
		read: read,
		update: func(ctx context.Context, a *api, _ string, old, inputs block) (block, error) {
			name, form := inputs.text("name", ""), mappingForm(inputs)
			deleted := []string{}
			if kind == "pci" && !inputs.flag("mediatedDevices", false) {
				deleted = append(deleted, "mdev")
			}
			if old.has("comment") && !inputs.has("comment") {
				deleted = append(deleted, "description")
			}
			optional(form, "delete", strings.Join(deleted, ","))
			err := a.send(ctx, http.MethodPut, mappings+"/"+url.PathEscape(name), form, nil)
			if err != nil {
				return nil, fmt.Errorf("error updating %s hardware mapping %s: %w", title, name, err)
			}
			state, _, err := read(ctx, a, name, inputs)
			return state, err
		},
		remove: func(ctx context.Context, a *api, id string, _ block) error {
			return deleteUnlessGone(ctx, a, mappings+"/"+url.PathEscape(id))
		},
	}
}

// mappingForm repeats `map` once per entry.
func mappingForm(inputs block) url.Values {
	form := url.Values{}
	optional(form, "description", inputs.text("comment", ""))
	if inputs.flag("mediatedDevices", false) {
		form.Set("mdev", "1")
	}
	for _, entry := range inputs.blocks("maps") {
		parts := []string{"id=" + entry.text("id", ""), "node=" + entry.text("node", "")}
		if path := entry.text("path", ""); path != "" {
			parts = append(parts, "path="+path)
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

// readMapping keeps the order of entries that the state has; the host may answer in any.
func readMapping(
	ctx context.Context, a *api, kind, id string, state block,
) (block, bool, error) {
	var found struct {
		Description string   `json:"description"`
		Mdev        any      `json:"mdev"`
		Map         []string `json:"map"`
	}
	err := a.get(ctx, "cluster/mapping/"+kind+"/"+url.PathEscape(id), nil, &found)
	if errors.Is(err, errGone) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("error retrieving %s hardware mapping %s: %w", strings.ToUpper(kind), id, err)
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
	read := block{"name": id, "maps": anyBlocks(entries)}
	if kind == "pci" {
		read["mediatedDevices"] = fmt.Sprint(found.Mdev) == "1" || found.Mdev == true
	}
	if found.Description != "" {
		read["comment"] = found.Description
	}
	return read, true, nil
}
