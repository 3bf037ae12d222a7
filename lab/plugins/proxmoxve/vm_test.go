package proxmoxve

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// machine is a VM as a program gives it.
func machine() provider.Map {
	return resource.NewPropertyMapFromMap(map[string]any{
		"nodeName": "stone", "vmId": 121.0, "name": "proxmox-stone", "tags": []any{"rke2", "homelab"},
		"cpu": map[string]any{"cores": 4.0, "type": "host"}, "memory": map[string]any{"dedicated": 8192.0},
		"agent": map[string]any{"enabled": true, "waitForIp": map[string]any{"disabled": true}},
		"disks": []any{
			map[string]any{"interface": "scsi0", "importFrom": "local:import/x.qcow2", "size": 64.0,
				"iothread": true, "ssd": true, "discard": "on"},
		},
		"networkDevices": []any{map[string]any{"macAddress": "BC:24:11:00:00:21", "vlanId": 30.0}},
		"initialization": map[string]any{
			"ipConfigs": []any{map[string]any{
				"ipv4": map[string]any{"address": "192.168.1.21/24", "gateway": "192.168.1.1"},
			}},
		},
	})
}

func checked(t *testing.T, news provider.Map) provider.Map {
	t.Helper()
	kind := &vmResource{&plugin{}}
	inputs, refused, err := kind.Check(t.Context(), provider.Check{
		Call: provider.Call{Name: "vm"}, News: news,
	})
	if err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	return inputs
}

// answer is the host's config after the creation of machine().
const answer = `{"agent":"enabled=1,fstrim_cloned_disks=0,type=virtio","boot":"order=ide3;scsi0;net0",
"cores":4,"cpu":"cputype=host","memory":"8192","name":"proxmox-stone","onboot":1,"ostype":"other",
"tags":"homelab;rke2","serial0":"socket","ide3":"cdrom,media=cdrom",
"ide2":"local-lvm:vm-121-cloudinit,media=cdrom","ipconfig0":"ip=192.168.1.21/24,gw=192.168.1.1",
"net0":"virtio=BC:24:11:00:00:21,bridge=vmbr0,tag=30",
"scsi0":"local-lvm:vm-121-disk-0,iothread=1,ssd=1,discard=on,size=65536M","unused0":"x","digest":"y"}`

func stateOf(t *testing.T, inputs provider.Map) provider.Map {
	t.Helper()
	var found config
	if err := json.Unmarshal([]byte(answer), &found); err != nil {
		t.Fatal(err)
	}
	state := overlay(inputs.Mappable(), found)
	calls := vmCalls{api: &api{}, node: "stone", id: 121}
	state.blocks("disks")[0]["fileFormat"] = "raw"
	options := found.text("scsi0") + ",format=raw"
	found["scsi0"] = options
	if err := calls.readDisks(t.Context(), state, found); err != nil {
		t.Fatal(err)
	}
	return resource.NewPropertyMapFromMap(state)
}

func TestParametersAreWrittenAsTheOfficialProviderWritesThem(t *testing.T) {
	vm := block(checked(t, machine()).Mappable())
	values := form(vm)
	for name, wanted := range map[string]string{
		"agent": "enabled=1,fstrim_cloned_disks=0,type=virtio", "cpu": "host", "onboot": "1",
		"boot": "order=ide3;scsi0;net0", "ide2": "file=local-lvm:cloudinit,",
		"ide3": "file=cdrom,media=cdrom,", "ipconfig0": "gw=192.168.1.1,ip=192.168.1.21/24",
		"net0":    "model=virtio,bridge=vmbr0,firewall=0,macaddr=BC:24:11:00:00:21,tag=30",
		"serial0": "socket", "tags": "homelab;rke2",
	} {
		if got := values.Get(name); got != wanted {
			t.Errorf("%s: got %q, want %q", name, got, wanted)
		}
	}
	wanted := "file=local-lvm:0,import-from=local:import/x.qcow2,size=68719476736,aio=io_uring," +
		"backup=1,iothread=1,ssd=1,discard=on,cache=none,replicate=1"
	if got := newDisk(vm.blocks("disks")[0], true); got != wanted {
		t.Errorf("scsi0: got %q", got)
	}
}

func TestTheCDDriveIsTheHostsUnlessTheProgramNamesAnother(t *testing.T) {
	news := machine()
	news["cdrom"] = resource.NewPropertyValue(map[string]any{"fileId": "none"})
	old, vm := block(checked(t, machine()).Mappable()), block(checked(t, news).Mappable())
	if got := changes(old, vm).Get("ide3"); got != "file=none,media=cdrom," {
		t.Errorf("changed to %q", got)
	}
	if countsFromStart(old, vm) {
		t.Error("it waits for a start")
	}
	for found, wanted := range map[string]string{"none,media=cdrom": "none", "cdrom,media=cdrom": "cdrom"} {
		state := block{}
		overlayCD(state, vm, config{"ide3": found})
		if got := state.block("cdrom").text("fileId", ""); got != wanted {
			t.Errorf("%s was read as %q", found, got)
		}
	}
}

func TestOnlyTheDisksSpeedDiffersAfterARead(t *testing.T) {
	inputs := checked(t, machine())
	kind := &vmResource{&plugin{}}
	change := provider.Change{State: stateOf(t, inputs), OldInputs: inputs, News: inputs}
	diff, err := kind.Diff(t.Context(), change)
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(maps.Keys(diff.Properties)); !slices.Equal(got, []string{"disks[0].speed"}) {
		t.Errorf("got %v", got)
	}
	for path, wanted := range map[string]int{"disks[0].speed": 0, "disks[*].speed": 1} {
		change.IgnoreChanges = []string{path}
		if diff, err = kind.Diff(t.Context(), change); err != nil || len(diff.Properties) != wanted {
			t.Errorf("ignoring %s: %v, %v", path, diff.Properties, err)
		}
	}
}

func TestReplacementIsForIdentityAndDocumentsOnly(t *testing.T) {
	inputs := checked(t, machine())
	state := stateOf(t, inputs)
	kind := &vmResource{&plugin{}}
	for change, replaces := range map[string]bool{
		`{"nodeName":"tank"}`: true, `{"vmId":122}`: true, `{"name":"other"}`: false,
		`{"memory":{"dedicated":4096}}`:                                false,
		`{"initialization":{"userDataFileId":"local:snippets/b.yml"}}`: true,
	} {
		var more map[string]any
		if err := json.Unmarshal([]byte(change), &more); err != nil {
			t.Fatal(err)
		}
		news := checked(t, provider.Copy(machine(), resource.NewPropertyMapFromMap(more)))
		diff, err := kind.Diff(t.Context(), provider.Change{
			State: state, News: news, IgnoreChanges: []string{"disks[0].speed"},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := slices.ContainsFunc(slices.Collect(maps.Values(diff.Properties)),
			func(d provider.Difference) bool { return d.Replace })
		if got != replaces || len(diff.Properties) == 0 || !diff.DeleteBeforeReplace {
			t.Errorf("%s: %+v", change, diff)
		}
	}
}

func TestAMachineIsFoundWhereItIs(t *testing.T) {
	inputs := checked(t, machine())
	found := foundInputs(inputs, block{"nodeName": "tank"})
	if found["nodeName"].StringValue() != "tank" || inputs["nodeName"].StringValue() != "stone" {
		t.Errorf("found on %v, given %v", found["nodeName"], inputs["nodeName"])
	}
}

func TestUnsupportedArgumentsAreRefusedByName(t *testing.T) {
	news := machine()
	news["clone"] = resource.NewProperty(provider.Map{"vmId": resource.NewProperty(9000.0)})
	news["template"] = resource.NewProperty(true)
	_, refused, err := (&vmResource{&plugin{}}).Check(t.Context(), provider.Check{News: news})
	reasons := map[string]string{}
	for _, one := range refused {
		reasons[one.Property] = one.Reason
	}
	if err != nil || len(reasons) != 2 ||
		!strings.Contains(reasons["clone"], "the lab's proxmoxve plugin does not serve this argument") ||
		!strings.Contains(reasons["template"], "the lab's proxmoxve plugin serves only false here") {
		t.Errorf("%v, %v", refused, err)
	}
}
