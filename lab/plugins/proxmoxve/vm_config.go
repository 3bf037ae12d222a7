package proxmoxve

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// config is what the host says of a VM: GET nodes/N/qemu/ID/config.
type config map[string]any

// UnmarshalJSON keeps numbers as they are written.
func (c *config) UnmarshalJSON(content []byte) error {
	var plain map[string]any
	if err := json.Unmarshal(content, &plain); err != nil {
		return err
	}
	for _, name := range []string{"cores", "sockets", "vcpus"} {
		if value, ok := plain[name]; ok {
			if _, isNumber := value.(float64); !isNumber {
				return fmt.Errorf("VM config: %s is not a JSON number: %v", name, value)
			}
		}
	}
	*c = plain
	return nil
}

func (c config) text(name string) string {
	switch value := c[name].(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	default:
		return ""
	}
}

// number reads a JSON number or decimal text.
func (c config) number(name string, otherwise float64) float64 {
	if value, err := strconv.ParseFloat(c.text(name), 64); err == nil {
		return value
	}
	return otherwise
}

// flag is true for 1 and true only; the text "1" reads as false.
func (c config) flag(name string, otherwise bool) bool {
	switch value := c[name].(type) {
	case nil:
		return otherwise
	case float64:
		return value == 1
	case bool:
		return value
	default:
		return false
	}
}

func (c config) or(name, otherwise string) string {
	if value := c.text(name); value != "" {
		return value
	}
	return otherwise
}

// slots are the names with a prefix and a number, in the order of their numbers: net0, net1, ...
func (c config) slots(prefix string) []string {
	number := func(name string) int {
		value, err := strconv.Atoi(strings.TrimPrefix(name, prefix))
		if err != nil {
			return -1
		}
		return value
	}
	var found []string
	for name := range c {
		if strings.HasPrefix(name, prefix) && number(name) >= 0 {
			found = append(found, name)
		}
	}
	sort.Slice(found, func(i, j int) bool { return number(found[i]) < number(found[j]) })
	return found
}

// actual are the scalars and blocks of a config, with defaults for what a host leaves out.
func (c config) actual() block {
	agent := parseOptions(c.text("agent"), "enabled")
	return block{
		"acpi": c.flag("acpi", true), "bios": c.or("bios", "seabios"),
		"description": c.text("description"), "keyboardLayout": c.or("keyboard", "en-us"),
		"kvmArguments": c.text("args"), "machine": c.text("machine"), "name": c.text("name"),
		"onBoot": c.flag("onboot", false), "protection": c.flag("protection", false),
		"scsiHardware": c.or("scsihw", "virtio-scsi-pci"), "tabletDevice": c.flag("tablet", true),
		"template": c.flag("template", false), "hotplug": c.or("hotplug", "network,disk,usb"),
		"tags":            anyTexts(c.tags()),
		"bootOrders":      anyTexts(c.bootOrder()),
		"operatingSystem": map[string]any{"type": c.or("ostype", "other")},
		"agent": map[string]any{
			"enabled": agent["enabled"] == "1", "trim": agent["fstrim_cloned_disks"] == "1",
			"type": orText(agent["type"], "virtio"),
		},
		"cpu": map[string]any{
			"cores": c.number("cores", 1), "sockets": c.number("sockets", 1),
			"type": orText(cpuType(c.text("cpu")), "qemu64"), "numa": c.flag("numa", false),
			"units": c.number("cpuunits", 1024), "limit": c.number("cpulimit", 0),
			"affinity": c.text("affinity"), "hotplugged": c.number("vcpus", 0),
		},
		"memory": map[string]any{
			"dedicated": c.number("memory", defaultMemory), "floating": c.number("balloon", 0),
		},
		"startup": map[string]any(c.startup()),
	}
}

func cpuType(text string) string { return parseOptions(text, "cputype")["cputype"] }

func orText(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func (c config) tags() []string {
	var tags []string
	for _, tag := range strings.Split(c.text("tags"), ";") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

func (c config) bootOrder() []string {
	order, found := strings.CutPrefix(c.text("boot"), "order=")
	if !found || order == "" {
		return nil
	}
	return strings.Split(order, ";")
}

func (c config) startup() block {
	options := parseOptions(c.text("startup"), "order")
	startup := block{}
	for name, argument := range map[string]string{"order": "order", "up": "upDelay", "down": "downDelay"} {
		startup[argument] = -1.0
		if value, err := strconv.ParseFloat(options[name], 64); err == nil {
			startup[argument] = value
		}
	}
	return startup
}

// nics are the network cards, and their MAC addresses in upper case.
func (c config) nics() (nics []block, macs []string) {
	models := []string{"virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"}
	for _, slot := range c.slots("net") {
		options := parseOptions(c.text(slot), "model")
		for _, model := range models {
			if mac, ok := options[model]; ok {
				options["model"], options["macaddr"] = model, mac
			}
		}
		number := func(name string) float64 {
			value, err := strconv.ParseFloat(options[name], 64)
			if err != nil {
				return 0
			}
			return value
		}
		nics = append(nics, block{
			"bridge": options["bridge"], "model": options["model"], "macAddress": options["macaddr"],
			"firewall": options["firewall"] == "1", "disconnected": options["link_down"] == "1",
			"vlanId": number("tag"), "mtu": number("mtu"), "queues": number("queues"),
			"rateLimit": number("rate"), "trunks": options["trunks"], "enabled": true,
		})
		macs = append(macs, options["macaddr"])
	}
	return nics, macs
}

// isDrive is whether a name is a slot for disks.
func isDrive(name string) bool {
	return slices.ContainsFunc([]string{"scsi", "virtio", "sata", "ide"}, func(prefix string) bool {
		_, err := strconv.Atoi(strings.TrimPrefix(name, prefix))
		return strings.HasPrefix(name, prefix) && err == nil
	})
}
