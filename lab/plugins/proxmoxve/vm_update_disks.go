package proxmoxve

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strings"
)

// diskPlan is what an update does to disks.
type diskPlan struct {
	// write are parameters by slot, remove are slots.
	write  map[string]string
	remove []string
	// grow are disks that get larger, move those that go to another datastore, which the VM must be off for.
	grow, move []block
	// shrunk is why a size cannot be had. It is found out after the first write.
	shrunk error
}

// keepPaths is what a plan does to values that the program leaves to the server: each is that of the entry which had
// the same place in the list. A disk that is new at the place of another one so names that one's volume
// (proxmoxtf/resource/vm/disk/schema.go: path_in_datastore is optional and computed, in a list).
func keepPaths(old, vm block) {
	before := old.blocks("disks")
	for i, disk := range vm.blocks("disks") {
		for _, name := range []string{"pathInDatastore", "fileFormat"} {
			if i < len(before) && !disk.has(name) && before[i].has(name) {
				disk[name] = before[i][name]
			}
		}
	}
}

// planDisks compares the disks: proxmoxtf/resource/vm/vm.go, vmUpdate. As soon as one differs, each is sent again, and
// whatever else the VM has at this moment is detached, whoever attached it. `speed`, which is never read back, makes
// that every time unless it is ignored.
func planDisks(old, vm block, found config, ignored []string) (diskPlan, error) {
	plan := diskPlan{write: map[string]string{}}
	if !changed(old, vm, "disks", ignored) {
		return plan, nil
	}
	before, kept := map[string]block{}, map[string]bool{}
	for _, disk := range old.blocks("disks") {
		before[disk.text("interface", "")] = disk
	}
	for _, disk := range vm.blocks("disks") {
		slot := disk.text("interface", "")
		kept[slot] = true
		volume, path := parseOptions(found.text(slot), "file")["file"], disk.text("pathInDatastore", "")
		switch {
		case volume != "":
			plan.write[slot] = existingDisk(disk, volume)
		case path != "":
			plan.write[slot] = existingDisk(disk, disk.text("datastoreId", "local-lvm")+":"+path)
		default:
			plan.write[slot] = newDisk(disk, false)
		}
		plan.resize(disk, before[slot], found.text(slot), vm.number("vmId", 0))
	}
	for _, slot := range found.disks(vm.number("vmId", 0)) {
		if kept[slot] {
			continue
		}
		if slices.Contains(bootOrder(vm), slot) {
			return plan, fmt.Errorf("cannot delete boot disk %q. Please remove it from boot order first or change "+
				"boot order before deleting", slot)
		}
		plan.remove = append(plan.remove, slot)
	}
	sort.Strings(plan.remove)
	return plan, nil
}

// resize compares with what the state has of the slot, or else with what the host has.
func (p *diskPlan) resize(disk, last block, live string, id int) {
	size := disk.number("size", defaultDisk)
	if last == nil {
		if had, ok := parseSize(parseOptions(live, "file")["size"]); ok && size > had {
			p.grow = append(p.grow, disk)
		}
		return
	}
	if last.text("datastoreId", "local-lvm") != disk.text("datastoreId", "local-lvm") {
		p.move = append(p.move, disk)
	}
	switch had := last.number("size", defaultDisk); {
	case size > had:
		p.grow = append(p.grow, disk)
	case size < had:
		p.shrunk = fmt.Errorf("Cannot shrink %s:%s in VM %d, it is not supported!",
			last.text("datastoreId", "local-lvm"), last.text("pathInDatastore", ""), id)
	}
}

// disks are the slots that hold a disk: no CD and no cloud-init drive.
func (c config) disks(id int) []string {
	var slots []string
	for name := range c {
		options := parseOptions(c.text(name), "file")
		cloudInit := strings.Contains(options["file"], fmt.Sprintf("vm-%d-cloudinit", id))
		if isDrive(name) && options["media"] != "cdrom" && options["file"] != "none" && !cloudInit {
			slots = append(slots, name)
		}
	}
	return slots
}

// moveAndGrow is what follows the first write: moves of a VM that is off, then sizes, then each resized disk once more.
func (v vmCalls) moveAndGrow(ctx context.Context, plan diskPlan, old, vm block) error {
	if len(plan.write) == 0 {
		return nil
	}
	if _, err := v.config(ctx); err != nil {
		return err
	}
	if plan.shrunk != nil {
		return plan.shrunk
	}
	if err := v.moveDisks(ctx, plan, vm); err != nil {
		return err
	}
	if len(plan.grow) > 0 && countsFromStart(old, vm) {
		if err := v.powerOff(ctx, vm, "resize disks"); err != nil {
			return err
		}
	}
	for _, disk := range plan.grow {
		if err := v.resize(ctx, disk); err != nil {
			return err
		}
		slot := disk.text("interface", "")
		if slices.ContainsFunc(plan.move, func(one block) bool { return one.text("interface", "") == slot }) {
			continue
		}
		if err := v.put(ctx, url.Values{slot: {plan.write[slot]}}); err != nil {
			return err
		}
	}
	return nil
}

func (v vmCalls) moveDisks(ctx context.Context, plan diskPlan, vm block) error {
	if len(plan.move) == 0 {
		return nil
	}
	if err := v.powerOff(ctx, vm, "move disks between datastores"); err != nil {
		return err
	}
	for _, disk := range plan.move {
		form := url.Values{
			"disk": {disk.text("interface", "")}, "storage": {disk.text("datastoreId", "local-lvm")}, "delete": {"1"},
		}
		if err := v.task(ctx, http.MethodPost, v.path("move_disk"), form); err != nil {
			return fmt.Errorf("error moving VM disk: %w", err)
		}
	}
	return nil
}

// powerOff stops a VM that runs, as its guest agent allows, for what cannot be done while it does.
func (v vmCalls) powerOff(ctx context.Context, vm block, why string) error {
	status, err := v.status(ctx)
	if err != nil || status != "running" {
		return err
	}
	if !vm.flag("rebootAfterUpdate", true) {
		return fmt.Errorf("cannot %s while the VM is running because this change requires the VM to be powered off, "+
			"but automatic power-offs/reboots are disabled by 'reboot_after_update = false'", why)
	}
	return v.ensureStopped(ctx, vm)
}
