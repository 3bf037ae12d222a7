package proxmoxve

// vmSchema is the part of VmLegacy that is served, with the official provider's defaults: they stand in
// the state and in requests even where the program never names them. The values of timeouts are seconds,
// of memory MiB, of disks GiB.
var vmSchema = schema{
	"nodeName":    {kind: text, required: true, replace: true},
	"vmId":        {kind: number, required: true, replace: true},
	"name":        {kind: text, required: true},
	"description": {kind: text, def: ""},
	"tags":        {kind: texts, unordered: true},
	"poolId":      {kind: text, def: ""},

	"acpi":            {kind: boolean, def: true},
	"bios":            {kind: text, def: "seabios"},
	"bootOrders":      {kind: texts, computed: true},
	"hotplug":         {kind: text, computed: true},
	"keyboardLayout":  {kind: text, def: "en-us"},
	"kvmArguments":    {kind: text, def: ""},
	"machine":         {kind: text, def: ""},
	"onBoot":          {kind: boolean, def: true},
	"protection":      {kind: boolean, def: false},
	"scsiHardware":    {kind: text, def: "virtio-scsi-pci"},
	"tabletDevice":    {kind: boolean, def: true},
	"started":         {kind: boolean, def: true},
	"template":        {kind: boolean, def: false, fixed: true},
	"stopOnDestroy":   {kind: boolean, def: false},
	"purgeOnDestroy":  {kind: boolean, def: true},
	"migrate":         {kind: boolean, def: false, fixed: true},
	"reboot":          {kind: boolean, def: false, fixed: true},
	"operatingSystem": {kind: object, fields: schema{"type": {kind: text, def: "other"}}},

	"deleteUnreferencedDisksOnDestroy": {kind: boolean, def: true},
	"rebootAfterUpdate":                {kind: boolean, def: true},

	"timeoutClone":      {kind: number, def: 1800.0},
	"timeoutCreate":     {kind: number, def: 1800.0},
	"timeoutMigrate":    {kind: number, def: 1800.0},
	"timeoutMoveDisk":   {kind: number, def: 1800.0},
	"timeoutReboot":     {kind: number, def: 1800.0},
	"timeoutShutdownVm": {kind: number, def: 1800.0},
	"timeoutStartVm":    {kind: number, def: 1800.0},
	"timeoutStopVm":     {kind: number, def: 300.0},

	"agent": {kind: object, fields: schema{
		"enabled": {kind: boolean, def: false}, "timeout": {kind: text, def: "15m"},
		"trim": {kind: boolean, def: false}, "type": {kind: text, def: "virtio"},
		"waitForIp": {kind: object, fields: schema{
			"disabled": {kind: boolean, def: false},
			"ipv4":     {kind: boolean, def: false}, "ipv6": {kind: boolean, def: false},
		}},
	}},
	"cpu": {kind: object, fields: schema{
		"cores": {kind: number, def: 1.0}, "sockets": {kind: number, def: 1.0},
		"type": {kind: text, def: "qemu64"}, "numa": {kind: boolean, def: false},
		"units": {kind: number, computed: true}, "limit": {kind: number, def: 0.0},
		"affinity": {kind: text, def: ""}, "hotplugged": {kind: number, def: 0.0},
	}},
	"memory": {kind: object, fields: schema{
		"dedicated": {kind: number, def: 512.0}, "floating": {kind: number, def: 0.0},
	}},
	"startup": {kind: object, fields: schema{
		"order": {kind: number, def: -1.0}, "upDelay": {kind: number, def: -1.0},
		"downDelay": {kind: number, def: -1.0},
	}},
	"serialDevices": {kind: objects, computed: true, fields: schema{
		"device": {kind: text, def: "socket"},
	}},
	"networkDevices": {kind: objects, computed: true, fields: schema{
		"bridge": {kind: text, def: "vmbr0"}, "model": {kind: text, def: "virtio"},
		"macAddress": {kind: text, computed: true}, "firewall": {kind: boolean, def: false},
		"vlanId": {kind: number, def: 0.0}, "mtu": {kind: number, def: 0.0},
		"queues": {kind: number, def: 0.0}, "rateLimit": {kind: number, def: 0.0},
		"disconnected": {kind: boolean, def: false}, "trunks": {kind: text, def: ""},
		"enabled": {kind: boolean, def: true},
	}},
	"disks": {kind: objects, fields: diskSchema},
	"cdrom": {kind: object, fields: schema{
		"enabled": {kind: boolean, def: false, fixed: true}, "fileId": {kind: text, def: ""},
		"interface": {kind: text, def: cdDrive, fixed: true},
	}},
	"efiDisk": {kind: object, fields: schema{
		"datastoreId": {kind: text, def: "local-lvm"}, "type": {kind: text, def: "2m"},
		"fileFormat": {kind: text, computed: true}, "preEnrolledKeys": {kind: boolean, def: false},
	}},
	"hostpcis": {kind: objects, fields: schema{
		"device": {kind: text, required: true}, "mapping": {kind: text, def: ""},
		"id": {kind: text, def: ""}, "mdev": {kind: text, def: ""}, "pcie": {kind: boolean, def: false},
		"rombar": {kind: boolean, def: true}, "xvga": {kind: boolean, def: false},
	}},
	"usbs": {kind: objects, fields: schema{
		"host": {kind: text, def: ""}, "mapping": {kind: text, def: ""},
		"usb3": {kind: boolean, def: false},
	}},
	"initialization": {kind: object, fields: initializationSchema},

	"ipv4Addresses": {output: true}, "ipv6Addresses": {output: true},
	"macAddresses": {output: true}, "networkInterfaceNames": {output: true},
}

var diskSchema = schema{
	"interface": {kind: text, required: true}, "datastoreId": {kind: text, def: "local-lvm"},
	"importFrom": {kind: text, def: ""}, "size": {kind: number, def: 8.0},
	"fileFormat": {kind: text, computed: true}, "pathInDatastore": {kind: text, computed: true},
	"aio": {kind: text, def: "io_uring"}, "backup": {kind: boolean, def: true},
	"cache": {kind: text, def: "none"}, "discard": {kind: text, def: "ignore"},
	"iothread": {kind: boolean, def: false}, "queues": {kind: number, def: 0.0},
	"replicate": {kind: boolean, def: true}, "serial": {kind: text, def: ""},
	"ssd": {kind: boolean, def: false},
	"speed": {kind: object, fields: schema{
		"iopsRead": {kind: number, def: 0.0}, "iopsReadBurstable": {kind: number, def: 0.0},
		"iopsWrite": {kind: number, def: 0.0}, "iopsWriteBurstable": {kind: number, def: 0.0},
		"read": {kind: number, def: 0.0}, "readBurstable": {kind: number, def: 0.0},
		"write": {kind: number, def: 0.0}, "writeBurstable": {kind: number, def: 0.0},
	}},
}

var initializationSchema = schema{
	"datastoreId": {kind: text, def: "local-lvm"}, "interface": {kind: text, def: ""},
	"type": {kind: text, def: ""},
	"dns":  {kind: object, fields: schema{"domain": {kind: text, def: ""}, "servers": {kind: texts}}},
	"ipConfigs": {kind: objects, fields: schema{
		"ipv4": {kind: object, fields: schema{
			"address": {kind: text, def: ""}, "gateway": {kind: text, def: ""},
		}},
		"ipv6": {kind: object, fields: schema{
			"address": {kind: text, def: ""}, "gateway": {kind: text, def: ""},
		}},
	}},
	"userDataFileId":    {kind: text, computed: true, replace: true},
	"vendorDataFileId":  {kind: text, computed: true, replace: true},
	"networkDataFileId": {kind: text, computed: true, replace: true},
	"metaDataFileId":    {kind: text, computed: true, replace: true},
}

// needsPowerCycle are the arguments whose change takes effect only when the VM starts anew.
var needsPowerCycle = []string{
	"agent", "bios", "bootOrders", "cpu", "efiDisk", "hostpcis", "initialization", "machine", "memory",
	"scsiHardware", "usbs",
}
