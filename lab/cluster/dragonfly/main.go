// Command dragonfly stands in two images: in Dragonfly's, where it runs a real redis-server as Dragonfly would run, and in its
// operator's, whose Go module no proxy serves. The program is chosen by the name that it was started with.
// Read from dragonflydb/dragonfly-operator v1.6.1 and dragonflydb/dragonfly v1.39.0.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	programs := map[string]func(context.Context, []string) error{"dragonfly": serve, "dragonfly-operator": operate}
	name := filepath.Base(os.Args[0])
	program, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "%s: start it as dragonfly or dragonfly-operator\n", name)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := program(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
