package proxmoxve

import (
	"context"
	"slices"
	"strings"
)

// hasAgent is whether the VM's config asks for a guest agent, also one that it has from its next start on only
// (proxmoxtf/resource/vm/vm.go, isAgentEnabled).
func (v vmCalls) hasAgent(ctx context.Context) (bool, error) {
	found, err := v.config(ctx)
	if err != nil {
		return false, err
	}
	return parseOptions(found.text("agent"), "enabled")["enabled"] == "1", nil
}

// ensureStopped lets the guest shut down where its config has an agent, and cuts its power where it has none
// (vmPowerTracker.EnsureStopped).
func (v vmCalls) ensureStopped(ctx context.Context, vm block) error {
	status, err := v.status(ctx)
	if err != nil || status == "stopped" {
		return err
	}
	agent, err := v.hasAgent(ctx)
	if err != nil {
		return err
	}
	return v.shutdown(ctx, agent, vm)
}

// endForGood stops a VM that is to be deleted.
func (v vmCalls) endForGood(ctx context.Context, vm block) error {
	if !vm.flag("stopOnDestroy", false) {
		return v.ensureStopped(ctx, vm)
	}
	status, err := v.status(ctx)
	if err != nil || status == "stopped" {
		return err
	}
	return v.shutdown(ctx, false, vm)
}

// countsFromStart is whether an update changes what counts only once the VM starts anew.
func countsFromStart(old, vm block) bool {
	return slices.ContainsFunc(needsPowerCycle, func(name string) bool {
		hotplugged := name == "memory" && strings.Contains(vm.text("hotplug", ""), "memory")
		return !hotplugged && changed(old, vm, name, nil)
	})
}

// power starts, stops, or starts anew, as vmFinalizePowerState does.
func (v vmCalls) power(ctx context.Context, old, vm block) error {
	wanted := vm.flag("started", true)
	if !wanted || countsFromStart(old, vm) && vm.flag("rebootAfterUpdate", true) {
		if err := v.ensureStopped(ctx, vm); err != nil {
			return err
		}
	}
	if !wanted {
		return nil
	}
	return v.start(ctx, vm.number("timeoutStartVm", 1800))
}
