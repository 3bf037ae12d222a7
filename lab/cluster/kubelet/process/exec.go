package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
)

// Exec runs a command beside the container's program: with its volumes, /tmp, network, environment and
// user, in a root and a process namespace of its own, whose first process it is: so it does not look for
// the container's. It returns what the command wrote; an error is that it failed, or did not end before ctx.
func Exec(ctx context.Context, s Spec, line []string) (string, error) {
	var output bytes.Buffer
	s.Output, s.first = &output, true
	running, err := Start(s, line)
	if err != nil {
		return "", err
	}
	select {
	case <-running.Done():
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), running.Stop(0))
	}
	said := strings.TrimSpace(output.String())
	var exit Exit
	if err := running.Err(); !errors.As(err, &exit) {
		return said, err
	}
	if exit.Code != 0 {
		return said, fmt.Errorf("command terminated with exit code %d", exit.Code)
	}
	return said, nil
}
