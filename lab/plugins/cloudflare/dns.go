package cloudflare

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// automatic is the only ttl that a proxied record may have.
const automatic = 1

// dnsRecord is a record of a zone. Records given by `data` (SRV, CAA, ...) are not supported.
func dnsRecord() behaviour {
	made := collection{
		path: func(o rest.Object) string {
			return "zones/" + url.PathEscape(o.Text("zoneId")) + "/dns_records"
		},
		idName: "dns_record_id",
		schema: rest.Schema{
			"zoneId": {Local: true, Required: true, Replace: true},
			"name":   {Required: true}, "type": {Required: true, Replace: true},
			"ttl":      {Kind: rest.Number, Required: true},
			"content":  {Required: true},
			"proxied":  {Kind: rest.Flag, Default: false},
			"comment":  {},
			"priority": {Kind: rest.Number},
			"tags":     {Kind: rest.Texts, Computed: true, Unordered: true},
			"settings": {Kind: rest.Nested, Computed: true, Fields: rest.Schema{
				"ipv4Only":     {Kind: rest.Flag, Wire: "ipv4_only", Computed: true},
				"ipv6Only":     {Kind: rest.Flag, Wire: "ipv6_only", Computed: true},
				"flattenCname": {Kind: rest.Flag, Computed: true},
			}},
			"privateRouting": {Kind: rest.Flag},
			// The API may answer this where nobody asked: then the record differs from the program.
			"data":              {Kind: rest.Nested, Fields: rest.Schema{}},
			"commentModifiedOn": moving, "createdOn": moving, "modifiedOn": moving, "tagsModifiedOn": moving,
			"proxiable": {Kind: rest.Flag, Output: true, Moves: true},
			"meta":      {Kind: rest.JSON, Output: true, Moves: true},
		},
		read: noteZone,
	}.behaviour()
	create := made.Create
	made.Create = func(
		ctx context.Context, api *client, plan rest.Object,
	) (string, rest.Object, error) {
		if plan.Flag("proxied") && plan.Number("ttl") != automatic {
			return "", nil, rest.Fail("invalid ttl", errors.New("ttl must be set to 1 when proxied is true"))
		}
		return create(ctx, api, plan)
	}
	// The API answers with qualified names: a relative one, or @, is the same when its zone is known.
	made.Adjust = func(state, _, plan provider.Map) {
		name, known := provider.Text(plan, "name"), provider.Text(state, "name")
		if zone := provider.Text(state, zoneNote); zone != "" && qualified(name, zone) == known {
			plan["name"] = state["name"]
		}
	}
	return made
}

// zoneNote remembers the zone's name, as a first refresh of a relative name tells it.
const zoneNote = "__zone"

// noteZone compares the name in the state with the one that the API answered.
func noteZone(before, now rest.Object) {
	name, answered := before.Text("name"), now.Text("name")
	if name == "@" && answered != name {
		now[zoneNote] = answered
	} else if zone, found := strings.CutPrefix(answered, name+"."); found && name != "" {
		now[zoneNote] = zone
	}
}

func qualified(name, zone string) string {
	switch {
	case name == "@":
		return zone
	case name == zone || strings.HasSuffix(name, "."+zone):
		return name
	}
	return name + "." + zone
}
