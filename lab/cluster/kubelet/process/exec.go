package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
)

// Beside runs a command beside the container's program: with its volumes, /tmp, network, environment and
// user, in a root and a process namespace of its own, whose first process it is: so it does not look for
// the container's. Its error is an Exit that is not 0, that it could not start, or that it did not end before ctx.
func Beside(ctx context.Context, s Spec, line []string) error {
	s.first = true
	running, err := Start(s, line)
	if err != nil {
		return err
	}
	select {
	case <-running.Done():
	case <-ctx.Done():
		return errors.Join(ctx.Err(), running.Stop(0))
	}
	var exit Exit
	if errors.As(running.Err(), &exit) && exit.Code == 0 {
		return nil
	}
	return running.Err()
}

// Exec is Beside for those who want to know what the command wrote.
func Exec(ctx context.Context, s Spec, line []string) (string, error) {
	var output bytes.Buffer
	s.Input, s.Output, s.Errors = nil, &output, nil
	err := Beside(ctx, s, line)
	said := strings.TrimSpace(output.String())
	var exit Exit
	if errors.As(err, &exit) {
		return said, fmt.Errorf("command terminated with exit code %d", exit.Code)
	}
	return said, err
}
