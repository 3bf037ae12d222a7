package proxmoxve

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// readVM looks a VM up by its id, wherever it runs, and lays what the host says over the last state.
func readVM(ctx context.Context, a *api, id int, last block) (block, bool, error) {
	var all []struct {
		VMID int    `json:"vmid"`
		Node string `json:"node"`
	}
	if err := a.get(ctx, "cluster/resources", url.Values{"type": {"vm"}}, &all); err != nil {
		return nil, false, fmt.Errorf("error listing the cluster's VMs: %w", err)
	}
	if all == nil {
		return nil, false, fmt.Errorf("error listing the cluster's VMs: %w", errNoData)
	}
	calls := vmCalls{api: a, id: id}
	for _, one := range all {
		if one.VMID == id {
			calls.node = one.Node
		}
	}
	if calls.node == "" {
		return nil, false, nil
	}
	found, err := calls.config(ctx)
	if errors.Is(err, errGone) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	status, err := calls.status(ctx)
	if err != nil {
		return nil, false, err
	}
	state := overlay(last, found)
	state["nodeName"], state["vmId"] = calls.node, float64(id)
	if !found.flag("template", false) {
		state["started"] = status == "running"
	}
	if err := calls.readDisks(ctx, state, found); err != nil {
		return nil, false, err
	}
	if err := calls.readPool(ctx, state, found); err != nil {
		return nil, false, err
	}
	if err := calls.readAddresses(ctx, state, found, status); err != nil {
		return nil, false, err
	}
	return state, true, nil
}

// overlay takes over values that the last state named, and those others that are not the default.
func overlay(last block, found config) block {
	state := block{}
	for name, value := range last {
		state[name] = value
	}
	for name, value := range found.actual() {
		described := vmSchema[name]
		if inner, isBlock := value.(map[string]any); isBlock {
			merged := described.merge(last.block(name), inner)
			if last.has(name) || len(merged) > 0 {
				state[name] = map[string]any(merged)
			}
			continue
		}
		if last.has(name) || described.computed || !described.isDefault(resource.NewPropertyValue(value)) {
			state[name] = value
		}
	}
	nics, macs := found.nics()
	if len(nics) > 0 || last.has("networkDevices") {
		state["networkDevices"] = anyBlocks(nics)
	}
	state["macAddresses"] = anyTexts(macs)
	if last.has("serialDevices") {
		var serials []block
		for _, slot := range found.slots("serial") {
			serials = append(serials, block{"device": found.text(slot)})
		}
		state["serialDevices"] = anyBlocks(serials)
	}
	overlayCD(state, last, found)
	overlayPCI(state, last, found)
	overlayUSB(state, last, found)
	overlayCloudInit(state, last, found)
	if found.text("efidisk0") == "" {
		delete(state, "efiDisk")
	}
	return state
}

// merge keeps the last block's names, and adds values that are not the default.
func (f field) merge(last, actual block) block {
	merged := block{}
	for name, value := range last {
		merged[name] = value
	}
	for name, value := range actual {
		described := f.fields[name]
		if last.has(name) || (!described.computed &&
			!described.isDefault(resource.NewPropertyValue(value))) {
			merged[name] = value
		}
	}
	return merged
}

// overlayCD reads what is in the CD drive, where the program has named something (vm.go: vmReadCustom).
func overlayCD(state, last block, found config) {
	if last.block("cdrom").text("fileId", "") == "" {
		return
	}
	file := parseOptions(found.text(cdDrive), "file")["file"]
	if file == "" {
		delete(state, "cdrom")
		return
	}
	state["cdrom"] = map[string]any{"enabled": false, "fileId": file, "interface": cdDrive}
}

func overlayPCI(state, last block, found config) {
	slots := found.slots("hostpci")
	if len(slots) == 0 && !last.has("hostpcis") {
		return
	}
	var devices []block
	for _, slot := range slots {
		options := parseOptions(found.text(slot), "host")
		devices = append(devices, block{
			"device": slot, "id": options["host"], "mapping": options["mapping"], "mdev": options["mdev"],
			"pcie": options["pcie"] == "1", "rombar": options["rombar"] != "0",
			"xvga": options["x-vga"] == "1",
		})
	}
	state["hostpcis"] = anyBlocks(devices)
}

func overlayUSB(state, last block, found config) {
	slots := found.slots("usb")
	if len(slots) == 0 && !last.has("usbs") {
		return
	}
	var devices []block
	for _, slot := range slots {
		options := parseOptions(found.text(slot), "host")
		devices = append(devices, block{
			"host": options["host"], "mapping": options["mapping"], "usb3": options["usb3"] == "1",
		})
	}
	state["usbs"] = anyBlocks(devices)
}

// overlayCloudInit reads the cloud-init settings back; without a drive there are none.
func overlayCloudInit(state, last block, found config) {
	if !last.has("initialization") {
		return
	}
	lastInit := last.block("initialization")
	store := ""
	for name := range found {
		volume := parseOptions(found.text(name), "file")["file"]
		if isDrive(name) && strings.Contains(volume, "vm-"+decimal(last.number("vmId", 0))+"-cloudinit") {
			store, _, _ = strings.Cut(volume, ":")
		}
	}
	if store == "" {
		delete(state, "initialization")
		return
	}
	init := block{"datastoreId": store}
	for name, value := range lastInit {
		if name != "datastoreId" {
			init[name] = value
		}
	}
	custom := parseOptions(found.text("cicustom"), "")
	for _, document := range []string{"user", "vendor", "network", "meta"} {
		if volume := custom[document]; volume != "" || lastInit.has(document+"DataFileId") {
			init[document+"DataFileId"] = volume
		}
	}
	if lastInit.has("dns") {
		dns := block{"domain": found.text("searchdomain")}
		if lastInit.block("dns").has("servers") {
			dns["servers"] = anyTexts(strings.Fields(found.text("nameserver")))
		}
		init["dns"] = map[string]any(dns)
	}
	if lastInit.has("ipConfigs") {
		init["ipConfigs"] = anyBlocks(found.ipConfigs(lastInit.blocks("ipConfigs")))
	}
	state["initialization"] = map[string]any(init)
}

func (c config) ipConfigs(last []block) []block {
	var all []block
	for i, slot := range c.slots("ipconfig") {
		options, one := parseOptions(c.text(slot), ""), block{}
		for family, names := range map[string][2]string{"ipv4": {"ip", "gw"}, "ipv6": {"ip6", "gw6"}} {
			named := i < len(last) && last[i].has(family)
			if named || options[names[0]] != "" || options[names[1]] != "" {
				one[family] = map[string]any{"address": options[names[0]], "gateway": options[names[1]]}
			}
		}
		all = append(all, one)
	}
	return all
}
