package tailscale

import (
	"context"
	"net/http"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

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
