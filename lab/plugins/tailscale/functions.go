package tailscale

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
	"homelab/lab/plugins/rest"
)

// deviceAnswer is a device of the tailnet, and of its routes.
type deviceAnswer struct {
	ID                        string     `json:"id"`
	NodeID                    string     `json:"nodeId"`
	Addresses                 []string   `json:"addresses"`
	User                      string     `json:"user"`
	Name                      string     `json:"name"`
	Hostname                  string     `json:"hostname"`
	ClientVersion             string     `json:"clientVersion"`
	OS                        string     `json:"os"`
	Created                   time.Time  `json:"created"`
	LastSeen                  *time.Time `json:"lastSeen"`
	Expires                   time.Time  `json:"expires"`
	KeyExpiryDisabled         bool       `json:"keyExpiryDisabled"`
	Authorized                bool       `json:"authorized"`
	IsExternal                bool       `json:"isExternal"`
	UpdateAvailable           bool       `json:"updateAvailable"`
	BlocksIncomingConnections bool       `json:"blocksIncomingConnections"`
	MachineKey                string     `json:"machineKey"`
	NodeKey                   string     `json:"nodeKey"`
	TailnetLockKey            string     `json:"tailnetLockKey"`
	TailnetLockError          string     `json:"tailnetLockError"`
	Tags                      []string   `json:"tags"`
	EnabledRoutes             []string   `json:"enabledRoutes"`
}

func (d deviceAnswer) object() rest.Object {
	seen := ""
	if d.LastSeen != nil {
		seen = moment(*d.LastSeen)
	}
	return rest.Object{
		"id": d.ID, "nodeId": d.NodeID, "addresses": rest.Anys(d.Addresses), "user": d.User,
		"name": d.Name, "hostname": d.Hostname, "clientVersion": d.ClientVersion, "os": d.OS,
		"created": moment(d.Created), "lastSeen": seen, "expires": moment(d.Expires),
		"keyExpiryDisabled": d.KeyExpiryDisabled, "authorized": d.Authorized,
		"isExternal": d.IsExternal, "updateAvailable": d.UpdateAvailable,
		"blocksIncomingConnections": d.BlocksIncomingConnections, "machineKey": d.MachineKey,
		"nodeKey": d.NodeKey, "tailnetLockKey": d.TailnetLockKey,
		"tailnetLockError": d.TailnetLockError, "tags": rest.Anys(d.Tags),
	}
}

// pollEvery is how often a look-up with waitFor is made.
const pollEvery = time.Second

// getDevice finds one device by hostname or name; with waitFor it asks again until there is one.
func (p *plugin) getDevice(ctx context.Context, args provider.Map) (provider.Map, error) {
	c, err := p.client()
	if err != nil {
		return nil, err
	}
	filter, value := "hostname", provider.Text(args, "hostname")
	if value == "" {
		filter, value = "name", provider.Text(args, "name")
	}
	if value == "" {
		return nil, errors.New("name a device by hostname or by name")
	}
	limit := time.Duration(0)
	if text := provider.Text(args, "waitFor"); text != "" {
		if limit, err = time.ParseDuration(text); err != nil {
			return nil, rest.Fail("Failed to parse wait_for", err)
		}
	}
	var found []deviceAnswer
	look := func() error {
		var err error
		found, err = devices(ctx, c, url.Values{filter: {value}})
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("could not find device with %s=%q", filter, value)
		}
		return err
	}
	if err := until(ctx, look, limit); err != nil {
		return nil, rest.Fail("Failed to fetch devices", err)
	}
	return resource.NewPropertyMapFromMap(found[0].object().With(args.Mappable())), nil
}

// until looks once, and with a limit again each second.
func until(ctx context.Context, look func() error, limit time.Duration) error {
	err := look()
	if err == nil || limit <= 0 {
		return err
	}
	end, tick := time.NewTimer(limit), time.NewTicker(pollEvery)
	defer end.Stop()
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end.C:
			return fmt.Errorf("failed after maximum of retries within %v: %w", limit, err)
		case <-tick.C:
			if err = look(); err == nil {
				return nil
			}
		}
	}
}

// getDevices lists the devices that pass all filters and whose name has the prefix.
func (p *plugin) getDevices(ctx context.Context, args provider.Map) (provider.Map, error) {
	c, err := p.client()
	if err != nil {
		return nil, err
	}
	given, query := rest.Object(args.Mappable()), url.Values{}
	for _, filter := range given.Objects("filters") {
		query[filter.Text("name")] = filter.Texts("values")
	}
	found, err := devices(ctx, c, query)
	if err != nil {
		return nil, rest.Fail("Failed to fetch devices", err)
	}
	shown := []any{}
	for _, one := range found {
		if strings.HasPrefix(one.Name, given.Text("namePrefix")) {
			shown = append(shown, map[string]any(one.object()))
		}
	}
	return resource.NewPropertyMapFromMap(given.With(rest.Object{
		"id": uuid.NewString(), "devices": shown,
	})), nil
}

func devices(ctx context.Context, c *client, query url.Values) ([]deviceAnswer, error) {
	path := c.of("devices")
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	var answer struct {
		Devices []deviceAnswer `json:"devices"`
	}
	err := c.get(ctx, path, &answer)
	return answer.Devices, err
}
