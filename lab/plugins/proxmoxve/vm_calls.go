package proxmoxve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"homelab/lab/plugins/provider"
)

const (
	statusInterval = time.Second
	// startIgnored is the status of a task that a start tolerates: the node is too busy to tell.
	startIgnored = 599
)

// vmCalls are the requests about one VM.
type vmCalls struct {
	*api
	node string
	id   int
}

func (v vmCalls) path(below string) string {
	return fmt.Sprintf("nodes/%s/qemu/%d/%s", url.PathEscape(v.node), v.id, below)
}

func (v vmCalls) config(ctx context.Context) (config, error) {
	var answer config
	if err := v.get(ctx, v.path("config"), nil, &answer); err != nil {
		return nil, fmt.Errorf("error retrieving VM %d: %w", v.id, err)
	}
	if answer == nil {
		return nil, errNoData
	}
	return answer, nil
}

// status is "running", "stopped" or "paused".
func (v vmCalls) status(ctx context.Context) (string, error) {
	var answer struct {
		Status string `json:"status"`
		VMID   int    `json:"vmid"`
	}
	if err := v.get(ctx, v.path("status/current"), nil, &answer); err != nil {
		return "", fmt.Errorf("error retrieving VM status: %w", err)
	}
	return answer.Status, nil
}

func (v vmCalls) awaitStatus(ctx context.Context, wanted string) error {
	for {
		status, err := v.status(ctx)
		if err != nil {
			return err
		}
		if status == wanted {
			return nil
		}
		if err := provider.Pause(ctx, statusInterval); err != nil {
			return fmt.Errorf("VM %d is %q, not %q: %w", v.id, status, wanted, err)
		}
	}
}

// start starts the VM and waits until it runs; a VM that runs already is left alone.
func (v vmCalls) start(ctx context.Context, seconds int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
	defer cancel()
	status, err := v.status(ctx)
	if err != nil {
		return err
	}
	if status == "running" {
		return nil
	}
	upid := ""
	again := func(err error) bool { return strings.Contains(err.Error(), "got no worker upid") }
	err = repeat{attempts: 3, pause: time.Second, again: again}.run(ctx, func() error {
		upid, err = v.startTask(ctx, http.MethodPost, v.path("status/start"),
			url.Values{"timeout": {decimal(seconds)}})
		return err
	})
	switch {
	case err != nil && strings.Contains(err.Error(), "already running"):
	case err != nil:
		return fmt.Errorf("error starting VM: %w", err)
	default:
		if err := v.wait(ctx, upid, startIgnored); err != nil {
			return fmt.Errorf("error starting VM: %w", err)
		}
	}
	return v.awaitStatus(ctx, "running")
}

// shutdown asks the guest by its agent, and cuts the power without one or when the time is over.
func (v vmCalls) shutdown(ctx context.Context, agent bool, vm block) error {
	seconds := vm.number("timeoutShutdownVm", 1800)
	path, form := v.path("status/shutdown"),
		url.Values{"forceStop": {"1"}, "timeout": {decimal(seconds)}}
	if !agent {
		seconds = vm.number("timeoutStopVm", 300)
		path, form = v.path("status/stop"), nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
	defer cancel()
	if err := v.task(ctx, http.MethodPost, path, form); err != nil {
		return fmt.Errorf("error shutting down VM: %w", err)
	}
	return v.awaitStatus(ctx, "stopped")
}

func (v vmCalls) resize(ctx context.Context, disk block) error {
	form := url.Values{
		"disk": {disk.text("interface", "")},
		"size": {decimal(disk.number("size", defaultDisk) * bytesPerGiB)},
	}
	again := func(err error) bool { return contains(err.Error(), "got timeout", "does not exist") }
	err := repeat{attempts: 5, pause: time.Second, again: again}.run(ctx, func() error {
		return v.task(ctx, http.MethodPut, v.path("resize"), form)
	})
	if err != nil {
		return fmt.Errorf("error resizing VM disk: %w", err)
	}
	return nil
}

// put writes configuration; only a lock's time-out is worth another try.
func (v vmCalls) put(ctx context.Context, form url.Values) error {
	again := func(err error) bool { return strings.Contains(err.Error(), "got timeout") }
	err := repeat{attempts: 3, pause: time.Second, again: again}.run(ctx, func() error {
		return v.send(ctx, http.MethodPut, v.path("config"), form, nil)
	})
	if err != nil {
		return fmt.Errorf("error updating VM: %w", err)
	}
	return nil
}

// remove deletes the VM and waits until the host does not know it any more, or until patience ends.
func (v vmCalls) remove(ctx context.Context, vm block) error {
	query := fmt.Sprintf("?destroy-unreferenced-disks=%s&purge=%s",
		bit(vm.flag("deleteUnreferencedDisksOnDestroy", true)), bit(vm.flag("purgeOnDestroy", true)))
	again := func(err error) bool { return transient(err) && !errors.Is(err, errGone) }
	err := repeat{attempts: 3, pause: time.Second, again: again}.run(ctx, func() error {
		return v.task(ctx, http.MethodDelete, v.path(query), nil)
	})
	if err != nil {
		return fmt.Errorf("error deleting VM: %w", err)
	}
	patience := max(vm.number("timeoutStopVm", 300), vm.number("timeoutShutdownVm", 1800))
	deadline := time.Now().Add(time.Duration(patience) * time.Second)
	for time.Now().Before(deadline) {
		if _, err := v.status(ctx); err != nil {
			return ctx.Err()
		}
		if err := provider.Pause(ctx, statusInterval); err != nil {
			return err
		}
	}
	return nil
}
