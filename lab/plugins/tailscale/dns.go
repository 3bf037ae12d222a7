package tailscale

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// dnsSetting is one of the tailnet's DNS settings: it always exists, is written whole, and put back to
// nothing when the resource goes.
type dnsSetting struct {
	property string
	field    rest.Field
	path     string
	// body writes the property's value; nil stands for nothing.
	body func(plan rest.Object) any
	read func(ctx context.Context, c *client, path string) (any, error)
	// failed are the summaries of a failed read, write and removal.
	failedRead, failedWrite, failedRemoval string
	// detailRead and detailWrite come before the error's own words.
	detailRead, detailWrite string
}

func (d dnsSetting) behaviour() behaviour {
	write := func(ctx context.Context, c *client, summary string, plan rest.Object) error {
		if err := c.send(ctx, http.MethodPost, c.of(d.path), d.body(plan), nil); err != nil {
			return rest.Fail(summary, fmt.Errorf("%s%w", d.detailWrite, err))
		}
		return nil
	}
	return behaviour{
		Schema:   rest.Schema{d.property: d.field},
		Imported: func(string) rest.Object { return rest.Object{} },
		Create: func(ctx context.Context, c *client, plan rest.Object) (string, rest.Object, error) {
			return uuid.NewString(), plan, write(ctx, c, d.failedWrite, plan)
		},
		Read: func(
			ctx context.Context, c *client, _ provider.Call, state rest.Object,
		) (rest.Object, bool, error) {
			value, err := d.read(ctx, c, c.of(d.path))
			if err != nil {
				return nil, false, rest.Fail(d.failedRead, fmt.Errorf("%s%w", d.detailRead, err))
			}
			return state.With(rest.Object{d.property: value}), true, nil
		},
		Update: func(
			ctx context.Context, c *client, _ string, _, plan rest.Object,
		) (rest.Object, error) {
			return plan, write(ctx, c, d.failedWrite, plan)
		},
		Delete: func(ctx context.Context, c *client, _ string, _ rest.Object) error {
			return write(ctx, c, d.failedRemoval, rest.Object{})
		},
	}
}

// readTexts reads an answer that may hold lists alone.
func readTexts(name string) func(context.Context, *client, string) (any, error) {
	return func(ctx context.Context, c *client, path string) (any, error) {
		found := map[string][]string{}
		if err := c.get(ctx, path, &found); err != nil {
			return nil, err
		}
		return rest.Anys(found[name]), nil
	}
}

func dnsNameservers() behaviour {
	made := dnsSetting{
		property: "nameservers", field: rest.Field{Kind: rest.Texts, Required: true},
		path: "dns/nameservers", read: readTexts("dns"),
		body:       func(plan rest.Object) any { return map[string]any{"dns": plan.Texts("nameservers")} },
		failedRead: "Error fetching DNS name servers", detailRead: "Failed to fetch DNS name servers: ",
		failedWrite: "Failed to update DNS nameservers", failedRemoval: "Failed to delete DNS nameservers",
	}.behaviour()
	made.Validate = func(inputs provider.Map) []provider.Failure {
		if inputs["nameservers"].IsArray() && len(inputs["nameservers"].ArrayValue()) == 0 {
			return []provider.Failure{{Property: "nameservers",
				Reason: "Attribute nameservers list must contain at least 1 elements, got: 0"}}
		}
		return nil
	}
	return made
}

func dnsSearchPaths() behaviour {
	return dnsSetting{
		property: "searchPaths", field: rest.Field{Kind: rest.Texts, Required: true},
		path: "dns/searchpaths", read: readTexts("searchPaths"),
		body: func(plan rest.Object) any {
			return map[string]any{"searchPaths": plan.Texts("searchPaths")}
		},
		failedRead: "Error fetching DNS search paths", detailRead: "Failed to fetch DNS search paths: ",
		failedWrite: "Failed to set DNS search paths", detailWrite: "Failed to set DNS search paths: ",
		failedRemoval: "Failed to delete DNS search paths",
	}.behaviour()
}

func dnsPreferences() behaviour {
	return dnsSetting{
		property: "magicDns", field: rest.Field{Kind: rest.Flag, Required: true},
		path: "dns/preferences",
		body: func(plan rest.Object) any { return map[string]any{"magicDNS": plan.Flag("magicDns")} },
		read: func(ctx context.Context, c *client, path string) (any, error) {
			var found struct {
				MagicDNS bool `json:"magicDNS"`
			}
			err := c.get(ctx, path, &found)
			return found.MagicDNS, err
		},
		failedRead: "Error fetching DNS preferences", detailRead: "Failed to fetch DNS preferences: ",
		failedWrite: "Failed to set DNS preferences", detailWrite: "Failed to set DNS preferences: ",
		failedRemoval: "Failed to set DNS preferences",
	}.behaviour()
}

// dnsSplitNameservers is one domain of the split DNS; its id is the domain.
func dnsSplitNameservers() behaviour {
	set := func(ctx context.Context, c *client, domain string, servers []string) error {
		return c.send(ctx, http.MethodPatch, c.of("dns/split-dns"),
			map[string][]string{domain: servers}, nil)
	}
	write := func(ctx context.Context, c *client, plan rest.Object) error {
		return rest.Fail("Failed to update DNS split nameservers",
			set(ctx, c, plan.Text("domain"), plan.Texts("nameservers")))
	}
	return behaviour{
		Schema: rest.Schema{
			"domain":      {Required: true, Replace: true},
			"nameservers": {Kind: rest.Texts, Required: true, Unordered: true},
		},
		Imported: func(id string) rest.Object { return rest.Object{"domain": id} },
		Create: func(ctx context.Context, c *client, plan rest.Object) (string, rest.Object, error) {
			return plan.Text("domain"), plan, write(ctx, c, plan)
		},
		Read: func(
			ctx context.Context, c *client, _ provider.Call, state rest.Object,
		) (rest.Object, bool, error) {
			found := map[string][]string{}
			if err := c.get(ctx, c.of("dns/split-dns"), &found); err != nil {
				return nil, false, rest.Failf("Error fetching split DNS config",
					"Failed to fetch split DNS config: %w", err)
			}
			return state.With(rest.Object{
				"nameservers": rest.Anys(found[state.Text("domain")]),
			}), true, nil
		},
		Update: func(
			ctx context.Context, c *client, _ string, _, plan rest.Object,
		) (rest.Object, error) {
			return plan, write(ctx, c, plan)
		},
		Delete: func(ctx context.Context, c *client, _ string, state rest.Object) error {
			return rest.Fail("Failed to delete DNS split nameservers",
				set(ctx, c, state.Text("domain"), []string{}))
		},
	}
}
