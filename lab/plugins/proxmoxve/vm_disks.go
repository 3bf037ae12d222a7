package proxmoxve

import (
	"fmt"
	"strconv"
	"strings"
)

// effectiveDisks is the program's list; without one a VM gets a blank scsi0 of 8 GB.
func effectiveDisks(vm block) []block {
	if vm.has("disks") {
		return vm.blocks("disks")
	}
	return []block{{"interface": "scsi0"}}
}

// newDisk is the parameter that makes a disk: imported, or blank. Disks that are added to an existing VM
// go without a size.
func newDisk(disk block, sized bool) string {
	size := disk.number("size", defaultDisk)
	store := disk.text("datastoreId", "local-lvm")
	parts := []string{fmt.Sprintf("file=%s:%d", store, size)}
	if source := disk.text("importFrom", ""); source != "" {
		parts = []string{"file=" + store + ":0", "import-from=" + source}
	}
	if format := disk.text("fileFormat", ""); format != "" {
		parts = append(parts, "format="+format)
	}
	if sized {
		parts = append(parts, "size="+strconv.Itoa(size*bytesPerGiB))
	}
	return strings.Join(append(parts, diskOptions(disk)...), ",")
}

// existingDisk is the parameter that changes options of the volume that a disk has.
func existingDisk(disk block, volume string) string {
	return strings.Join(append([]string{"file=" + volume}, diskOptions(disk)...), ",")
}

func diskOptions(disk block) []string {
	parts := []string{
		"aio=" + disk.text("aio", "io_uring"), "backup=" + bit(disk.flag("backup", true)),
	}
	if disk.flag("iothread", false) || strings.HasPrefix(disk.text("interface", ""), "scsi") ||
		strings.HasPrefix(disk.text("interface", ""), "virtio") {
		parts = append(parts, "iothread="+bit(disk.flag("iothread", false)))
	}
	if !strings.HasPrefix(disk.text("interface", ""), "virtio") {
		parts = append(parts, "ssd="+bit(disk.flag("ssd", false)))
	}
	parts = append(parts, "discard="+disk.text("discard", "ignore"),
		"cache="+disk.text("cache", "none"), "replicate="+bit(disk.flag("replicate", true)))
	if serial := disk.text("serial", ""); serial != "" {
		parts = append(parts, "serial="+serial)
	}
	if queues := disk.number("queues", 0); queues > 0 {
		parts = append(parts, "queues="+decimal(queues))
	}
	return append(parts, speedOptions(disk.block("speed"))...)
}

// speedNames maps the API's limits to the block's arguments.
var speedNames = []struct{ option, argument string }{
	{"iops_rd", "iopsRead"}, {"iops_rd_max", "iopsReadBurstable"},
	{"iops_wr", "iopsWrite"}, {"iops_wr_max", "iopsWriteBurstable"},
	{"mbps_rd", "read"}, {"mbps_rd_max", "readBurstable"},
	{"mbps_wr", "write"}, {"mbps_wr_max", "writeBurstable"},
}

func speedOptions(speed block) []string {
	var parts []string
	for _, limit := range speedNames {
		if value := speed.number(limit.argument, 0); value > 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", limit.option, value))
		}
	}
	return parts
}

// parseOptions splits "a=1,b=2"; a part without a name gets the given one.
func parseOptions(text, unnamed string) map[string]string {
	options := map[string]string{}
	for _, part := range strings.Split(text, ",") {
		name, value, named := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case named:
			options[name] = value
		case name != "":
			options[unnamed] = name
		}
	}
	return options
}

// parseSize reads 20G, 20480M, 20.5G or bytes as whole GiB.
func parseSize(size string) (int, bool) {
	if size == "" {
		return 0, false
	}
	units := map[byte]float64{'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}
	factor, found := units[size[len(size)-1]]
	if found {
		size = size[:len(size)-1]
	} else {
		factor = 1
	}
	value, err := strconv.ParseFloat(size, 64)
	if err != nil {
		return 0, false
	}
	return int(value * factor / bytesPerGiB), true
}
