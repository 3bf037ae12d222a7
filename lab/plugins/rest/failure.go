package rest

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"

	"homelab/lab/plugins/provider"
)

// Failure is an error as bridged plugins show it: a summary of what failed and the detail of why.
type Failure struct {
	Summary string
	Err     error
}

func (f *Failure) Error() string { return f.Summary + ": " + f.Err.Error() }
func (f *Failure) Unwrap() error { return f.Err }

// Fail is nil when there is no error.
func Fail(summary string, err error) error {
	if err == nil {
		return nil
	}
	return &Failure{Summary: summary, Err: err}
}

// Failf makes a failure out of a detail.
func Failf(summary, detail string, values ...any) error {
	return &Failure{Summary: summary, Err: fmt.Errorf(detail, values...)}
}

// report shows a failure's first line; the second is the operation's own error.
func report(ctx context.Context, call provider.Call, err error) error {
	if failed := (*Failure)(nil); errors.As(err, &failed) {
		provider.Log(ctx, call, diag.Error, fmt.Sprintf("[ERROR] %v: %s", failed.Err, failed.Summary))
	}
	return err
}
