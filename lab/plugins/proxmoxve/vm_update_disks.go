package proxmoxve

import (
	"context"
	"fmt"
	"net/url"
)

// diskPlan is what an update does to disks.
type diskPlan struct {
	// write are parameters by slot, remove are slots, grow are disks that get larger.
	write  map[string]string
	remove []string
	grow   []block
	shrunk error
}

// planDisks compares the disks. As soon as one differs, each is sent again; `speed`, which is never
// read back, makes that every time unless it is ignored.
func planDisks(old, vm block, found config, ignored []string) (diskPlan, error) {
	plan := diskPlan{write: map[string]string{}}
	if !changed(old, vm, "disks", ignored) {
		return plan, nil
	}
	before := map[string]block{}
	for _, disk := range old.blocks("disks") {
		before[disk.text("interface", "")] = disk
	}
	kept := map[string]bool{}
	for _, disk := range vm.blocks("disks") {
		slot := disk.text("interface", "")
		kept[slot] = true
		last, existed := before[slot]
		if !existed {
			if path := disk.text("pathInDatastore", ""); path != "" {
				return plan, fmt.Errorf("disk %s: the lab's proxmoxve plugin does not attach the existing volume "+
					"%s", slot, path)
			}
			plan.write[slot] = newDisk(disk, false)
			continue
		}
		volume := parseOptions(found.text(slot), "file")["file"]
		plan.write[slot] = existingDisk(disk, volume)
		size, had := disk.number("size", defaultDisk), last.number("size", defaultDisk)
		switch {
		case size > had:
			plan.grow = append(plan.grow, disk)
		case size < had:
			plan.shrunk = fmt.Errorf("disk resize failure: requested size (%dG) is lower than current size "+
				"(%dG)", size, had)
		}
	}
	for slot := range before {
		if !kept[slot] {
			plan.remove = append(plan.remove, slot)
		}
	}
	if len(plan.remove) > 0 && len(kept) > len(before)-len(plan.remove) {
		return plan, fmt.Errorf("disks: the lab's proxmoxve plugin does not move a disk from %s to another "+
			"interface; remove and add disks in separate updates", plan.remove[0])
	}
	return plan, nil
}

// growDisks enlarges disks, and sends each once more. A disk cannot shrink: that fails here, after the
// first write.
func (v vmCalls) growDisks(ctx context.Context, plan diskPlan) error {
	if len(plan.write) == 0 {
		return nil
	}
	if _, err := v.config(ctx); err != nil {
		return err
	}
	if plan.shrunk != nil {
		return plan.shrunk
	}
	for _, disk := range plan.grow {
		if err := v.resize(ctx, disk); err != nil {
			return err
		}
		slot := disk.text("interface", "")
		if err := v.put(ctx, url.Values{slot: {plan.write[slot]}}); err != nil {
			return err
		}
	}
	return nil
}
