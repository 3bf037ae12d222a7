package proxmoxve

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// Create makes the VM, resizes imported disks, and starts it. Once the host has made the VM, a failure
// keeps it in the state. An id that is taken is adopted: the repeated request's "already exists" counts
// as success.
func (r *vmResource) Create(
	ctx context.Context, _ provider.Call, inputs provider.Map,
) (string, provider.Map, error) {
	a, err := r.client()
	if err != nil {
		return "", nil, err
	}
	vm := block(inputs.Mappable())
	ctx, cancel := context.WithTimeout(ctx,
		time.Duration(vm.number("timeoutCreate", 1800))*time.Second)
	defer cancel()
	calls := vmCalls{api: a, node: vm.text("nodeName", ""), id: vm.number("vmId", 0)}
	if err := calls.create(ctx, vm); err != nil {
		return "", nil, fmt.Errorf("error creating VM: %w", err)
	}
	id := decimal(calls.id)
	if !vm.has("disks") {
		vm["disks"] = anyBlocks(effectiveDisks(vm))
	}
	state, err := calls.finish(ctx, vm)
	if err != nil {
		return "", nil, &provider.Partial{ID: id, State: resource.NewPropertyMapFromMap(vm), Err: err}
	}
	return id, resource.NewPropertyMapFromMap(state), nil
}

func (v vmCalls) create(ctx context.Context, vm block) error {
	values := form(vm)
	values.Set("vmid", decimal(v.id))
	values.Set("template", bit(false))
	optional(values, "pool", vm.text("poolId", ""))
	for _, disk := range effectiveDisks(vm) {
		values.Set(disk.text("interface", ""), newDisk(disk, true))
	}
	if vm.has("efiDisk") {
		values.Set("efidisk0", newEFIDisk(vm.block("efiDisk")))
	}
	path := "nodes/" + url.PathEscape(v.node) + "/qemu"
	return repeat{
		attempts: 3, pause: time.Second, again: transient,
		done: func(err error) bool { return strings.Contains(err.Error(), "already exists") },
	}.run(ctx, func() error { return v.task(ctx, http.MethodPost, path, values) })
}

// newEFIDisk asks for a store of UEFI's variables.
func newEFIDisk(efi block) string {
	return fmt.Sprintf("file=%s:1,format=%s,efitype=%s,pre-enrolled-keys=%s",
		efi.text("datastoreId", "local-lvm"), efi.text("fileFormat", "raw"), efi.text("type", "2m"),
		bit(efi.flag("preEnrolledKeys", false)))
}

// finish does what follows the creation: sizes, the start, and the first read.
func (v vmCalls) finish(ctx context.Context, vm block) (block, error) {
	for _, disk := range effectiveDisks(vm) {
		if disk.text("importFrom", "") == "" {
			continue
		}
		if err := v.resize(ctx, disk); err != nil {
			return nil, err
		}
	}
	if vm.flag("started", true) {
		if err := v.start(ctx, vm.number("timeoutStartVm", 1800)); err != nil {
			return nil, err
		}
	}
	return v.readBack(ctx, vm)
}

// readBack is the state after an operation.
func (v vmCalls) readBack(ctx context.Context, vm block) (block, error) {
	state, found, err := readVM(ctx, v.api, v.id, vm)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("VM %d is not among the cluster's VMs", v.id)
	}
	return state, nil
}
