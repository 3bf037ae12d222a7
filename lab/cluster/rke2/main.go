// Command rke2 stands in for RKE2 inside the simulated machines: its files, flags, tokens, join
// rules and messages are RKE2's, and behind them run the real etcd and Kubernetes binaries, as
// processes that outlive it instead of static pods. https://docs.rke2.io
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"

	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/layout"
	"homelab/lab/cluster/rke2/logging"

	"k8s.io/klog/v2"
)

// Set when it is built: -ldflags "-X main.version=v1.36.3+rke2r1 -X main.commit=...".
var (
	version = "v1.36.3+rke2r1"
	commit  = "simulated"
)

func main() {
	switch filepath.Base(os.Args[0]) {
	case "kubelet":
		kubeletCommand(os.Args[1:])
		return
	case "crictl":
		crictlCommand(os.Args[1:])
		return
	}
	log := logging.New(os.Stderr, false)
	release, err := ownRelease(version)
	if err == nil {
		version = release
		err = run(os.Args[1:], log)
	}
	if err != nil {
		log.Log(context.Background(), logging.LevelFatal, err.Error())
		os.Exit(1)
	}
}

const usage = `NAME:
   rke2 - Rancher Kubernetes Engine 2

USAGE:
   rke2 [global options] command [command options]

COMMANDS:
   server           Run management server
   agent            Run node agent
   etcd-snapshot    Manage etcd snapshots (save, list, delete, prune)
   certificate      Manage RKE2 certificates (check)
   secrets-encrypt  Control secrets encryption (status)

GLOBAL OPTIONS:
   --help, -h     show help
   --version, -v  print the version
`

func run(args []string, log *slog.Logger) error {
	if len(args) == 0 {
		args = []string{"help"}
	}
	switch command := args[0]; command {
	case "--version", "-v", "version":
		_, err := fmt.Printf("rke2 version %s (%s)\ngo version %s\n", version, commit, runtime.Version())
		return err
	case "help", "--help", "-h":
		_, err := fmt.Print(usage)
		return err
	case "server", "agent":
		role := config.Server
		if command == "agent" {
			role = config.Agent
		}
		return runNode(role, args[1:])
	case runtimeCommand:
		return nodeRuntime(args[1:], log)
	case "etcd-snapshot":
		return snapshotCommand(args[1:], log)
	case "secrets-encrypt":
		return encryptCommand(args[1:])
	case "certificate":
		return certificateCommand(args[1:], os.Stdout, log)
	case "token", "completion":
		return fmt.Errorf("Error: rke2 %s is not supported by the simulated rke2", command)
	default:
		return fmt.Errorf("Error: No help topic for '%s'", command)
	}
}

// runNode runs `rke2 server` or `rke2 agent` until a signal ends it.
func runNode(role config.Role, args []string) error {
	c, _, err := config.Load(role, args)
	if err != nil {
		return fmt.Errorf("Error: %w", err)
	}
	out := io.Writer(os.Stderr)
	if c.LogFile != "" {
		file, err := os.OpenFile(c.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("Error: log: %w", err)
		}
		defer file.Close()
		out = io.MultiWriter(os.Stderr, file)
	}
	log := logging.New(out, c.Debug)
	klog.SetSlogLogger(log)
	if os.Getuid() != 0 {
		return errors.New("Error: rke2 must run as root")
	}
	if err := checkProfile(c, log); err != nil {
		return err
	}
	name := "agent"
	if role == config.Server {
		name = "server"
	}
	log.Info(fmt.Sprintf("Starting rke2 %s %s (%s)", name, version, commit))
	return serve(c, log)
}

// binary is the path of a Kubernetes or etcd program, which a real rke2 unpacks from an image.
func binary(name string) string {
	dir := layout.DefaultBinaries
	if v := os.Getenv("HOMELAB_KUBERNETES_BIN"); v != "" {
		dir = v
	}
	return filepath.Join(dir, name)
}
