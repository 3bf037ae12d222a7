package proxmoxve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"homelab/lab/plugins/provider"
)

// agentInterval is how often a silent guest agent is asked again.
const agentInterval = time.Second

// readDisks reads the disks that the state knows, in its order; others on the host are left out.
func (v vmCalls) readDisks(ctx context.Context, state block, found config) error {
	if !state.has("disks") {
		return nil
	}
	disks := []block{}
	for _, last := range state.blocks("disks") {
		text := found.text(last.text("interface", ""))
		if text == "" {
			continue
		}
		options := parseOptions(text, "file")
		store, path, _ := strings.Cut(options["file"], ":")
		disk := block{}
		for name, value := range last {
			disk[name] = value
		}
		delete(disk, "speed")
		for name, value := range map[string]any{
			"datastoreId": store, "pathInDatastore": path,
			"aio": orText(options["aio"], "io_uring"), "backup": options["backup"] != "0",
			"cache": orText(options["cache"], "none"), "discard": orText(options["discard"], "ignore"),
			"iothread": options["iothread"] == "1", "replicate": options["replicate"] != "0",
			"ssd": options["ssd"] == "1", "serial": options["serial"],
		} {
			disk[name] = value
		}
		if size, ok := parseSize(options["size"]); ok {
			disk["size"] = float64(size)
		}
		if speed := readSpeed(options); len(speed) > 0 {
			disk["speed"] = map[string]any(speed)
		}
		format, err := v.diskFormat(ctx, store, options)
		if err != nil {
			return err
		}
		if format != "" {
			disk["fileFormat"] = format
		}
		disks = append(disks, disk)
	}
	state["disks"] = anyBlocks(disks)
	return nil
}

// readSpeed reads limits; a disk without any has no block at all.
func readSpeed(options map[string]string) block {
	speed, limited := block{}, false
	for _, limit := range speedNames {
		value := 0.0
		if text, ok := options[limit.option]; ok {
			limited = true
			if _, err := fmt.Sscan(text, &value); err != nil {
				value = 0
			}
		}
		speed[limit.argument] = value
	}
	if !limited {
		return nil
	}
	return speed
}

// diskFormat is the option's, else the volume's. A volume that is not found has none.
func (v vmCalls) diskFormat(
	ctx context.Context, store string, options map[string]string,
) (string, error) {
	if format := options["format"]; format != "" {
		return format, nil
	}
	var volume struct {
		Format string `json:"format"`
	}
	path := fmt.Sprintf("nodes/%s/storage/%s/content/%s", v.node, store, escapeVolume(options["file"]))
	if err := v.get(ctx, path, nil, &volume); err != nil && !errors.Is(err, errGone) {
		return "", fmt.Errorf("error retrieving volume %s: %w", options["file"], err)
	}
	return volume.Format, nil
}

// escapeVolume escapes a volume id for a path: slashes, but not colons.
func escapeVolume(volume string) string {
	return strings.ReplaceAll(url.PathEscape(volume), "%3A", ":")
}

// readPool finds the VM's pool: in its config, else by walking the pools one by one.
func (v vmCalls) readPool(ctx context.Context, state block, found config) error {
	pool := found.text("pool")
	if pool == "" {
		var pools []struct {
			ID string `json:"poolid"`
		}
		if err := v.get(ctx, "pools", nil, &pools); err != nil {
			return fmt.Errorf("error listing pools: %w", err)
		}
		if pools == nil {
			return fmt.Errorf("error listing pools: %w", errNoData)
		}
		for _, one := range pools {
			members, err := readPool(ctx, v.api, one.ID)
			if err != nil {
				return err
			}
			for _, member := range members.Members {
				if member.Type == "qemu" && member.VMID == v.id {
					pool = one.ID
				}
			}
			if pool != "" {
				break
			}
		}
	}
	// A pool that the program does not name is no difference.
	if state.text("poolId", "") != "" {
		state["poolId"] = pool
	}
	return nil
}

// readAddresses asks the guest's agent until it tells an address, or its time-out is over.
func (v vmCalls) readAddresses(
	ctx context.Context, state block, found config, status string,
) error {
	for _, name := range []string{"ipv4Addresses", "ipv6Addresses", "networkInterfaceNames"} {
		state[name] = []any{}
	}
	agent := state.block("agent")
	enabled := parseOptions(found.text("agent"), "enabled")["enabled"] == "1"
	if status != "running" || !enabled || agent.block("waitForIp").flag("disabled", false) {
		return nil
	}
	timeout, err := time.ParseDuration(agent.text("timeout", "15m"))
	if err != nil {
		return fmt.Errorf("agent.timeout: %w", err)
	}
	deadline := time.Now().Add(timeout)
	for {
		interfaces, err := v.agentInterfaces(ctx)
		if err == nil && interfaces.complete(agent.block("waitForIp")) {
			interfaces.store(state)
			return nil
		}
		// A silent agent is ignored in the end, at creation and at each refresh.
		if statusOf(err) == http.StatusForbidden || time.Now().After(deadline) {
			return nil
		}
		if err := provider.Pause(ctx, agentInterval); err != nil {
			return err
		}
	}
}
