package proxmoxve

import (
	"fmt"
	"net/url"
	"slices"
	"sort"
	"strings"
)

const (
	// bytesPerGiB converts the provider's disk sizes to the API's.
	bytesPerGiB = 1 << 30
	// defaultMemory in MiB and defaultDisk in GiB stand for absent blocks.
	defaultMemory = 512
	defaultDisk   = 8
	// cdDrive is the slot of the CD drive that every VM gets: the host's own, unless the program names another.
	cdDrive = "ide3"
)

// form is the configuration of a VM as the API's parameters (POST and PUT nodes/N/qemu), without disks.
func form(vm block) url.Values {
	cpu, memory := vm.block("cpu"), vm.block("memory")
	values := url.Values{}
	for name, value := range map[string]string{
		"acpi":       bit(vm.flag("acpi", true)),
		"agent":      agentText(vm.block("agent")),
		"balloon":    decimal(memory.number("floating", 0)),
		"bios":       vm.text("bios", "seabios"),
		"boot":       "order=" + strings.Join(bootOrder(vm), ";"),
		"cores":      decimal(cpu.number("cores", 1)),
		"cpu":        cpu.text("type", "qemu64"),
		"keyboard":   vm.text("keyboardLayout", "en-us"),
		"memory":     decimal(memory.number("dedicated", defaultMemory)),
		"name":       vm.text("name", ""),
		"numa":       bit(cpu.flag("numa", false)),
		"onboot":     bit(vm.flag("onBoot", true)),
		"ostype":     vm.block("operatingSystem").text("type", "other"),
		"protection": bit(vm.flag("protection", false)),
		"scsihw":     vm.text("scsiHardware", "virtio-scsi-pci"),
		"sockets":    decimal(cpu.number("sockets", 1)),
		"tablet":     bit(vm.flag("tabletDevice", true)),
	} {
		values.Set(name, value)
	}
	values.Set(cdDrive, "file="+orText(vm.block("cdrom").text("fileId", ""), "cdrom")+",media=cdrom,")
	optional(values, "args", vm.text("kvmArguments", ""))
	optional(values, "machine", vm.text("machine", ""))
	optional(values, "description", vm.text("description", ""))
	optional(values, "hotplug", vm.text("hotplug", ""))
	optional(values, "affinity", cpu.text("affinity", ""))
	if units := cpu.number("units", 0); units > 0 {
		values.Set("cpuunits", decimal(units))
	}
	if limit, ok := cpu["limit"].(float64); ok && limit > 0 {
		values.Set("cpulimit", fmt.Sprint(limit))
	}
	if vcpus := cpu.number("hotplugged", 0); vcpus > 0 {
		values.Set("vcpus", decimal(vcpus))
	}
	tags := vm.texts("tags")
	sort.Strings(tags)
	optional(values, "tags", strings.Join(tags, ";"))
	optional(values, "startup", startupText(vm.block("startup")))
	addDevices(values, vm)
	if vm.has("initialization") {
		addCloudInit(values, vm.block("initialization"))
	}
	return values
}

func optional(values url.Values, name, value string) {
	if value != "" {
		values.Set(name, value)
	}
}

func agentText(agent block) string {
	return fmt.Sprintf("enabled=%s,fstrim_cloned_disks=%s,type=%s", bit(agent.flag("enabled", false)),
		bit(agent.flag("trim", false)), agent.text("type", "virtio"))
}

// bootOrder is as given, else the CD drive, the disks, the network cards.
func bootOrder(vm block) []string {
	if given := vm.texts("bootOrders"); len(given) > 0 {
		return given
	}
	order := []string{cdDrive}
	for _, disk := range effectiveDisks(vm) {
		order = append(order, disk.text("interface", ""))
	}
	for i := range vm.blocks("networkDevices") {
		order = append(order, fmt.Sprintf("net%d", i))
	}
	return order
}

func startupText(startup block) string {
	var parts []string
	for _, part := range []struct{ name, argument string }{
		{"order", "order"}, {"up", "upDelay"}, {"down", "downDelay"},
	} {
		if value := startup.number(part.argument, -1); value >= 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", part.name, value))
		}
	}
	return strings.Join(parts, ",")
}

// addDevices adds serial ports, network cards, PCI and USB devices.
func addDevices(values url.Values, vm block) {
	serials := vm.blocks("serialDevices")
	if !vm.has("serialDevices") {
		serials = []block{{}}
	}
	for i, serial := range serials {
		values.Set(fmt.Sprintf("serial%d", i), serial.text("device", "socket"))
	}
	for i, nic := range vm.blocks("networkDevices") {
		values.Set(fmt.Sprintf("net%d", i), nicText(nic))
	}
	for _, device := range vm.blocks("hostpcis") {
		var parts []string
		for _, name := range []string{"id", "mapping", "mdev"} {
			if value := device.text(name, ""); value != "" {
				parts = append(parts, strings.Replace(name, "id", "host", 1)+"="+value)
			}
		}
		values.Set(device.text("device", ""), strings.Join(append(parts,
			"pcie="+bit(device.flag("pcie", false)), "rombar="+bit(device.flag("rombar", true)),
			"x-vga="+bit(device.flag("xvga", false))), ","))
	}
	for i, device := range vm.blocks("usbs") {
		var parts []string
		for _, name := range []string{"host", "mapping"} {
			if value := device.text(name, ""); value != "" {
				parts = append(parts, name+"="+value)
			}
		}
		values.Set(fmt.Sprintf("usb%d", i),
			strings.Join(append(parts, "usb3="+bit(device.flag("usb3", false))), ","))
	}
}

func nicText(nic block) string {
	parts := []string{
		"model=" + nic.text("model", "virtio"), "bridge=" + nic.text("bridge", "vmbr0"),
		"firewall=" + bit(nic.flag("firewall", false)),
	}
	if nic.flag("disconnected", false) {
		parts = append(parts, "link_down=1")
	}
	if mac := nic.text("macAddress", ""); mac != "" {
		parts = append(parts, "macaddr="+mac)
	}
	for _, part := range []struct{ name, argument string }{
		{"queues", "queues"}, {"rate", "rateLimit"}, {"tag", "vlanId"}, {"mtu", "mtu"},
	} {
		if value := nic.number(part.argument, 0); value != 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", part.name, value))
		}
	}
	if trunks := nic.text("trunks", ""); trunks != "" {
		parts = append(parts, "trunks="+trunks)
	}
	return strings.Join(parts, ",")
}

// cloudInitKeys are the parameters that cloud-init is made of.
func isCloudInit(key string) bool {
	return strings.HasPrefix(key, "ipconfig") || slices.Contains([]string{"cicustom", "citype", "ciuser",
		"cipassword", "nameserver", "searchdomain", "sshkeys"}, key)
}

// addCloudInit adds the drive and its settings.
func addCloudInit(values url.Values, init block) {
	drive := init.text("interface", "")
	if drive == "" {
		drive = "ide2"
	}
	values.Set(drive, "file="+init.text("datastoreId", "local-lvm")+":cloudinit,")
	var custom []string
	for _, document := range []string{"meta", "network", "user", "vendor"} {
		if volume := init.text(document+"DataFileId", ""); volume != "" {
			custom = append(custom, document+"="+volume)
		}
	}
	optional(values, "cicustom", strings.Join(custom, ","))
	optional(values, "citype", init.text("type", ""))
	dns := init.block("dns")
	optional(values, "searchdomain", dns.text("domain", ""))
	optional(values, "nameserver", strings.Join(dns.texts("servers"), " "))
	for i, config := range init.blocks("ipConfigs") {
		var parts []string
		for _, part := range []struct{ name, family, argument string }{
			{"gw", "ipv4", "gateway"}, {"gw6", "ipv6", "gateway"},
			{"ip", "ipv4", "address"}, {"ip6", "ipv6", "address"},
		} {
			if value := config.block(part.family).text(part.argument, ""); value != "" {
				parts = append(parts, part.name+"="+value)
			}
		}
		optional(values, fmt.Sprintf("ipconfig%d", i), strings.Join(parts, ","))
	}
}
