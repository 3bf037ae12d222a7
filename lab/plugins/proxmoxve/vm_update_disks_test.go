package proxmoxve

import (
	"slices"
	"strings"
	"testing"
)

// disksOf are entries of a program's list, as "scsi1 100" or "scsi1 100 nas".
func disksOf(entries ...string) block {
	var disks []block
	for _, entry := range entries {
		parts := strings.Fields(entry)
		size, _ := parseSize(parts[1] + "G")
		disk := block{"interface": parts[0], "size": float64(size), "datastoreId": "local-lvm"}
		if len(parts) > 2 {
			disk["datastoreId"] = parts[2]
		}
		disks = append(disks, disk)
	}
	return block{"vmId": 121.0, "bootOrders": []any{"scsi0"}, "disks": anyBlocks(disks)}
}

// stored is the state after those disks were made, one volume after the other.
func stored(entries ...string) block {
	state := disksOf(entries...)
	disks := state.blocks("disks")
	for i, disk := range disks {
		disk["pathInDatastore"] = "vm-121-disk-" + decimal(i)
	}
	state["disks"] = anyBlocks(disks)
	return state
}

var three = config{
	"scsi0": "local-lvm:vm-121-disk-0,size=64G", "scsi1": "local-lvm:vm-121-disk-1,size=100G",
	"scsi2": "local-lvm:vm-121-disk-2,size=500G", "ide2": "local-lvm:vm-121-cloudinit,media=cdrom",
	"ide3": "cdrom,media=cdrom", "unused0": "local-lvm:vm-121-disk-7",
}

func plannedDisks(t *testing.T, old, vm block, found config) diskPlan {
	t.Helper()
	keepPaths(old, vm)
	plan, err := planDisks(old, vm, found, nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestADiskThatIsNotInTheListAnyMoreIsDetached(t *testing.T) {
	plan := plannedDisks(t, stored("scsi0 64", "scsi1 100", "scsi2 500"), disksOf("scsi0 64", "scsi1 500"), three)
	if !slices.Equal(plan.remove, []string{"scsi2"}) {
		t.Errorf("removed: %v", plan.remove)
	}
	if len(plan.grow) != 1 || plan.grow[0].text("interface", "") != "scsi1" {
		t.Errorf("grown: %v", plan.grow)
	}
}

func TestWhatAPersonAttachedIsDetachedByAnyChangeOfDisks(t *testing.T) {
	state := stored("scsi0 64", "scsi1 100")
	if plan := plannedDisks(t, state, disksOf("scsi0 64", "scsi1 100"), three); len(plan.remove) > 0 {
		t.Errorf("without a change: %v", plan.remove)
	}
	plan := plannedDisks(t, state, disksOf("scsi0 70", "scsi1 100"), three)
	if !slices.Equal(plan.remove, []string{"scsi2"}) {
		t.Errorf("removed: %v", plan.remove)
	}
	if _, err := planDisks(state, disksOf("scsi1 101"), three, nil); err == nil ||
		!strings.Contains(err.Error(), `cannot delete boot disk "scsi0"`) {
		t.Errorf("the boot disk: %v", err)
	}
}

func TestANewDiskAtThePlaceOfAnotherIsThatOnesVolume(t *testing.T) {
	found := config{"scsi0": three["scsi0"], "scsi2": "local-lvm:vm-121-disk-1,size=500G"}
	plan := plannedDisks(t, stored("scsi0 64", "scsi2 500"), disksOf("scsi0 64", "scsi1 100", "scsi2 500"), found)
	if got := plan.write["scsi1"]; !strings.HasPrefix(got, "file=local-lvm:vm-121-disk-1,") {
		t.Errorf("in the middle: %q", got)
	}
	plan = plannedDisks(t, stored("scsi0 64", "scsi2 500"), disksOf("scsi0 64", "scsi2 500", "scsi1 100"), found)
	if got := plan.write["scsi1"]; !strings.HasPrefix(got, "file=local-lvm:100,") {
		t.Errorf("at the end: %q", got)
	}
}

func TestADiskMovesAndNeverShrinks(t *testing.T) {
	plan := plannedDisks(t, stored("scsi0 64", "scsi1 100"), disksOf("scsi0 64", "scsi1 50 nas"), three)
	if plan.shrunk == nil ||
		plan.shrunk.Error() != "Cannot shrink local-lvm:vm-121-disk-1 in VM 121, it is not supported!" {
		t.Errorf("shrunk: %v", plan.shrunk)
	}
	if len(plan.move) != 1 || plan.move[0].text("datastoreId", "") != "nas" {
		t.Errorf("moved: %v", plan.move)
	}
}
