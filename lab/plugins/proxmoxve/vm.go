package proxmoxve

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// lowestID is the first id that Proxmox gives to guests.
const lowestID = 100

var dnsName = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*$`)

// vmResource is proxmoxve:index/vmLegacy:VmLegacy.
type vmResource struct{ *plugin }

// Check fills in defaults, and the zero `speed` of each disk, which nothing reads back: a difference for
// ever.
func (r *vmResource) Check(
	_ context.Context, req provider.Check,
) (provider.Map, []provider.Failure, error) {
	checked, refused := vmSchema.check("", req.News)
	for _, disk := range items(checked["disks"]) {
		if disk.IsObject() && !disk.ObjectValue().HasValue("speed") {
			zero, _ := diskSchema["speed"].fields.check("", provider.Map{})
			disk.ObjectValue()["speed"] = resource.NewProperty(zero)
		}
	}
	return checked, append(refused, validateVM(checked)...), nil
}

func validateVM(checked provider.Map) []provider.Failure {
	var refused []provider.Failure
	refuse := func(property, reason string, args ...any) {
		refused = append(refused,
			provider.Failure{Property: property, Reason: fmt.Sprintf(reason, args...)})
	}
	if id := checked["vmId"]; id.IsNumber() && id.NumberValue() < lowestID {
		refuse("vmId", "expected vm_id to be at least (%d), got %v", lowestID, id.NumberValue())
	}
	if name := provider.Text(checked, "name"); name != "" && !dnsName.MatchString(name) {
		refuse("name", "must be a valid DNS name, got %q", name)
	}
	for i, nic := range items(checked["networkDevices"]) {
		if !nic.IsObject() {
			continue
		}
		mac := provider.Text(nic.ObjectValue(), "macAddress")
		if _, err := net.ParseMAC(mac); mac != "" && err != nil {
			refuse(fmt.Sprintf("networkDevices[%d].macAddress", i),
				"must be a valid MAC address, got %q", mac)
		}
	}
	return refused
}

// Diff: a VM is deleted before its replacement is made, because it has a name of its own.
func (r *vmResource) Diff(_ context.Context, req provider.Change) (provider.Diff, error) {
	diff := provider.Diff{
		Properties:          vmSchema.diff(req.State, req.News, req.IgnoreChanges),
		DeleteBeforeReplace: true,
	}
	// A pool that the program stops naming is kept.
	if provider.Text(req.News, "poolId") == "" {
		delete(diff.Properties, "poolId")
	}
	if !req.News.HasValue("tags") {
		delete(diff.Properties, "tags")
	}
	return diff, nil
}

// Preview knows what is given; what the host chooses is unknown.
func (r *vmResource) Preview(inputs provider.Map) provider.Map {
	state := provider.Copy(inputs)
	for name, described := range vmSchema {
		key := resource.PropertyKey(name)
		if described.output || described.computed && !state.HasValue(key) {
			state[key] = provider.Unknown()
		}
	}
	return state
}

// PreviewUpdate keeps what the host chose.
func (r *vmResource) PreviewUpdate(req provider.Change) provider.Map {
	return keepOutputs(vmSchema, req)
}

// keepOutputs is the new inputs with the old values of what they leave to the server.
func keepOutputs(s schema, req provider.Change) provider.Map {
	state := provider.Copy(req.News)
	for name, described := range s {
		key := resource.PropertyKey(name)
		if old, ok := req.State[key]; ok && (described.output || described.computed) && !state.HasValue(key) {
			state[key] = old
		}
	}
	return state
}

// Read drops a VM that is gone.
func (r *vmResource) Read(
	ctx context.Context, req provider.Read,
) (provider.Map, provider.Map, bool, error) {
	if len(req.State) == 0 {
		return nil, nil, false, provider.NoImport(req.Call)
	}
	a, err := r.client()
	if err != nil {
		return nil, nil, false, err
	}
	id, err := strconv.Atoi(req.ID)
	if err != nil {
		return nil, nil, false, fmt.Errorf("VM id %q is not a number: %w", req.ID, err)
	}
	state, found, err := readVM(ctx, a, id, req.State.Mappable())
	if err != nil || !found {
		return nil, nil, false, err
	}
	return resource.NewPropertyMapFromMap(state), foundInputs(req.Inputs, state), true, nil
}

// foundInputs is what the program gave, with the host on which the VM was found: what a program ignores of it is from then
// on as it was found (pulumi-terraform-bridge, pkg/tfbridge/schema.go: ExtractInputsFromOutputs, which does so for all).
func foundInputs(inputs provider.Map, state block) provider.Map {
	found := provider.Copy(inputs)
	if found.HasValue("nodeName") {
		found["nodeName"] = resource.NewProperty(state.text("nodeName", ""))
	}
	return found
}

// Delete stops and removes.
func (r *vmResource) Delete(ctx context.Context, call provider.Call, state provider.Map) error {
	a, err := r.client()
	if err != nil {
		return err
	}
	id, err := strconv.Atoi(call.ID)
	if err != nil {
		return fmt.Errorf("VM id %q is not a number: %w", call.ID, err)
	}
	vm := block(state.Mappable())
	calls := vmCalls{api: a, node: vm.text("nodeName", ""), id: id}
	if err := calls.endForGood(ctx, vm); err != nil {
		return err
	}
	return calls.remove(ctx, vm)
}
