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

// taskInterval is how long a task is left alone between two looks.
const taskInterval = time.Second

// taskPath is where a task is asked for: on the node that its UPID names.
func taskPath(upid string) (string, error) {
	parts := strings.Split(upid, ":")
	if len(parts) < 8 || parts[0] != "UPID" || parts[5] == "" || parts[7] == "" {
		return "", fmt.Errorf("unexpected format of task identifier %q: "+
			"need UPID:node:pid:pstart:starttime:type:id:user:", upid)
	}
	escaped := strings.ReplaceAll(url.PathEscape(upid), "!", "%21")
	return "nodes/" + url.PathEscape(parts[1]) + "/tasks/" + escaped, nil
}

// wait ends when the task has; a failed one's log is in the error. An answer with HTTP 400, and that
// with the status to ignore, means that the task is not known yet.
func (a *api) wait(ctx context.Context, upid string, ignored int) error {
	path, err := taskPath(upid)
	if err != nil {
		return err
	}
	for {
		var status struct {
			Status     string `json:"status"`
			ExitStatus string `json:"exitstatus"`
			PID        int    `json:"pid"`
		}
		err := a.get(ctx, path+"/status", nil, &status)
		code := statusOf(err)
		switch {
		case err != nil && code != http.StatusBadRequest && (ignored == 0 || code != ignored):
			return fmt.Errorf("error while waiting for task %q to complete: %w", upid, err)
		case err == nil && status.Status != "running":
			if status.ExitStatus == "OK" || strings.HasPrefix(status.ExitStatus, "WARNINGS: ") {
				return nil
			}
			return a.taskFailure(ctx, upid, path, status.ExitStatus)
		}
		if err := provider.Pause(ctx, taskInterval); err != nil {
			if errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("timeout while waiting for task %q to complete", upid)
			}
			return fmt.Errorf("waiting for task %q: %w", upid, err)
		}
	}
}

func (a *api) taskFailure(ctx context.Context, upid, path, exit string) error {
	text := fmt.Sprintf("task %q failed to complete with exit code: %s", upid, exit)
	var log []struct {
		Text string `json:"t"`
	}
	// Without its log the task's exit code has to do.
	if err := a.get(ctx, path+"/log", nil, &log); err == nil && len(log) > 0 {
		text += "\ntask log:"
		for _, line := range log {
			text += "\n  " + line.Text
		}
	}
	return errors.New(text)
}

// task sends a request that starts a task, and waits for it.
func (a *api) task(ctx context.Context, method, path string, form url.Values) error {
	upid, err := a.startTask(ctx, method, path, form)
	if err != nil {
		return err
	}
	return a.wait(ctx, upid, 0)
}

func (a *api) startTask(
	ctx context.Context, method, path string, form url.Values,
) (string, error) {
	var upid *string
	var err error
	if method == http.MethodDelete {
		err = a.delete(ctx, path, &upid)
	} else {
		err = a.send(ctx, method, path, form, &upid)
	}
	if err != nil {
		return "", err
	}
	if upid == nil {
		return "", errNoData
	}
	return *upid, nil
}

// repeat describes how a request is tried again.
type repeat struct {
	attempts int
	pause    time.Duration
	// again is whether an error is worth another try.
	again func(error) bool
	// done is whether an error of a repeated try says that an earlier one has worked.
	done func(error) bool
}

// run tries until success or until an error is final; pauses double.
func (r repeat) run(ctx context.Context, try func() error) error {
	wait := r.pause
	for attempt := 1; ; attempt++ {
		err := try()
		switch {
		case err == nil:
			return nil
		case attempt > 1 && r.done != nil && r.done(err):
			return nil
		case attempt == r.attempts || !r.again(err):
			return err
		}
		if err := provider.Pause(ctx, wait); err != nil {
			return err
		}
		wait *= 2
	}
}

// transient is an error of the host that may pass.
func transient(err error) bool {
	return statusOf(err) >= http.StatusInternalServerError ||
		contains(err.Error(), "got timeout", "got no worker upid")
}
