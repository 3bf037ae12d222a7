package proxmoxve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// Update writes what changed, and starts the VM anew when that is needed and allowed. One that fails leaves a state as if it had
// not: bpg's vmUpdate reads nothing back then and asks for no partial state, so that Terraform's SDK (helper/schema: Resource.Apply)
// gives the old state with all that was planned, which the bridge hands to the engine as what is there.
func (r *vmResource) Update(ctx context.Context, req provider.Change) (provider.Map, error) {
	a, err := r.client()
	if err != nil {
		return nil, err
	}
	old, vm := block(req.State.Mappable()), block(req.News.Mappable())
	vm["vmId"] = float64(old.number("vmId", 0))
	if err := refuseUnsupported(old, vm); err != nil {
		return nil, err
	}
	for _, name := range []string{"networkDevices", "bootOrders", "hotplug", "serialDevices", "disks"} {
		if !vm.has(name) && old.has(name) {
			vm[name] = old[name]
		}
	}
	keepMACs(old, vm)
	keepPaths(old, vm)
	ctx, cancel := context.WithTimeout(ctx,
		time.Duration(vm.number("timeoutMigrate", 1800))*time.Second)
	defer cancel()
	calls := vmCalls{api: a, node: old.text("nodeName", ""), id: old.number("vmId", 0)}
	planned := keepOutputs(vmSchema, provider.Change{State: req.State, News: resource.NewPropertyMapFromMap(vm)})
	state, err := calls.update(ctx, old, vm, req.IgnoreChanges)
	if err != nil {
		return nil, &provider.Partial{ID: decimal(calls.id), State: planned, Err: err}
	}
	return resource.NewPropertyMapFromMap(state), nil
}

func refuseUnsupported(old, vm block) error {
	if old.text("nodeName", "") != vm.text("nodeName", "") {
		return fmt.Errorf("nodeName: the lab's proxmoxve plugin does not migrate from %s to %s",
			old.text("nodeName", ""), vm.text("nodeName", ""))
	}
	if old.has("efiDisk") && !reflect.DeepEqual(plain(old.block("efiDisk")), plain(vm.block("efiDisk"))) {
		return errors.New("efiDisk: the lab's proxmoxve plugin adds it to an existing VM, and changes none")
	}
	return nil
}

// plain is a block without bookkeeping and without what the server fills in.
func plain(b block) block {
	copied := block{}
	for name, value := range b {
		if name != bookkeeping && name != "fileFormat" {
			copied[name] = value
		}
	}
	return copied
}

// movesCloudInit is whether the cloud-init drive goes to another datastore, which the VM must be off for.
func movesCloudInit(old, vm block) bool {
	before, after := old.block("initialization"), vm.block("initialization")
	return old.has("initialization") &&
		before.text("datastoreId", "local-lvm") != after.text("datastoreId", "local-lvm")
}

// keepMACs keeps the addresses that the server chose.
func keepMACs(old, vm block) {
	before := old.blocks("networkDevices")
	for i, nic := range vm.blocks("networkDevices") {
		if nic.text("macAddress", "") == "" && i < len(before) {
			nic["macAddress"] = before[i].text("macAddress", "")
		}
	}
}

func (v vmCalls) update(ctx context.Context, old, vm block, ignored []string) (block, error) {
	found, err := v.config(ctx)
	if err != nil {
		return nil, err
	}
	if err := v.movePool(ctx, old, vm); err != nil {
		return nil, err
	}
	disks, err := planDisks(old, vm, found, ignored)
	if err != nil {
		return nil, err
	}
	values := changes(old, vm)
	cloudInit := slices.ContainsFunc(names(values), isCloudInit) || changed(old, vm, "initialization", nil)
	if movesCloudInit(old, vm) {
		if err := v.powerOff(ctx, vm, "move the Cloud-Init drive"); err != nil {
			return nil, err
		}
	}
	for slot, text := range disks.write {
		values.Set(slot, text)
	}
	if vm.has("efiDisk") && !old.has("efiDisk") {
		values.Set("efidisk0", newEFIDisk(vm.block("efiDisk")))
	}
	if len(disks.remove) > 0 {
		values.Set("delete", joined(values.Get("delete"), disks.remove))
	}
	if err := v.put(ctx, values); err != nil {
		return nil, err
	}
	if cloudInit {
		if err := v.send(ctx, http.MethodPut, v.path("cloudinit"), nil, nil); err != nil {
			return nil, fmt.Errorf("error rebuilding cloud-init drive: %w", err)
		}
	}
	if err := v.moveAndGrow(ctx, disks, old, vm); err != nil {
		return nil, err
	}
	if err := v.power(ctx, old, vm); err != nil {
		return nil, err
	}
	return v.readBack(ctx, vm)
}

// movePool changes the membership; a pool that is not named any more is kept.
func (v vmCalls) movePool(ctx context.Context, old, vm block) error {
	from, to := old.text("poolId", ""), vm.text("poolId", "")
	if from == to || to == "" {
		return nil
	}
	if from != "" {
		if err := changePool(ctx, v.api, from, url.Values{
			"delete": {"1"}, "vms": {decimal(v.id)},
		}); err != nil {
			return err
		}
	}
	return changePool(ctx, v.api, to, url.Values{"vms": {decimal(v.id)}})
}

// changes are the parameters that differ; `name` is always sent.
func changes(old, vm block) url.Values {
	before, after := form(old), form(vm)
	values, removed := url.Values{"name": {vm.text("name", "")}}, []string(nil)
	for name := range after {
		if after.Get(name) != before.Get(name) {
			values.Set(name, after.Get(name))
		}
	}
	for name := range before {
		if !after.Has(name) && !isCloudInit(name) && name != "tags" && !isDrive(name) {
			removed = append(removed, name)
		}
	}
	if len(removed) > 0 {
		values.Set("delete", joined("", removed))
	}
	return values
}

func joined(list string, more []string) string {
	sort.Strings(more)
	if list != "" {
		more = append([]string{list}, more...)
	}
	return strings.Join(more, ",")
}

func names(values url.Values) []string {
	var all []string
	for name := range values {
		all = append(all, name)
	}
	return all
}

// changed is whether a block differs for the user, apart from the paths to ignore.
func changed(old, vm block, name string, ignored []string) bool {
	described := schema{name: vmSchema[name]}
	return len(described.diff(resource.NewPropertyMapFromMap(old), resource.NewPropertyMapFromMap(vm),
		ignored)) > 0
}
