package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/etcd"
)

// snapshotCommand is `rke2 etcd-snapshot save|ls|delete|prune`. RKE2 asks its supervisor; this
// one speaks to the node's etcd itself, so that both need a running server to save.
func snapshotCommand(args []string, log *slog.Logger) error {
	action := "save"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		action, args = args[0], args[1:]
	}
	c, rest, err := config.Load(config.Snapshot, args)
	if err != nil {
		return fmt.Errorf("Error: %w", err)
	}
	m := &etcd.Member{Layout: c.Layout, NodeName: c.NodeName, NodeIP: c.NodeIP, Log: log}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	switch action {
	case "save":
		return takeSnapshot(ctx, m, c.Snapshots, log)
	case "ls", "list", "l":
		return listSnapshots(c.Snapshots.Dir, args)
	case "delete":
		return deleteSnapshots(c.Snapshots.Dir, rest, log)
	case "prune":
		return prune(m, c.Snapshots, log)
	}
	return fmt.Errorf("Error: No help topic for '%s': want save, ls, delete or prune", action)
}

// takeSnapshot saves one and removes the oldest beyond the retention.
func takeSnapshot(ctx context.Context, m *etcd.Member, s config.Snapshots, log *slog.Logger) error {
	name, err := m.Save(ctx, s.Dir, s.Name, s.Compress)
	if err != nil {
		return fmt.Errorf("Error: %w", err)
	}
	log.Info(fmt.Sprintf("Snapshot %s saved.", name))
	// On-demand snapshots stay until someone prunes them.
	if s.Name == "on-demand" {
		return nil
	}
	return prune(m, s, log)
}

func prune(m *etcd.Member, s config.Snapshots, log *slog.Logger) error {
	removed, err := m.Prune(s.Dir, s.Name, s.Retention)
	for _, name := range removed {
		log.Info(fmt.Sprintf("Snapshot %s deleted.", name))
	}
	return err
}

func listSnapshots(dir string, args []string) error {
	files, err := etcd.List(dir)
	if err != nil {
		return fmt.Errorf("Error: %w", err)
	}
	for i, arg := range args {
		if arg == "--output=json" || arg == "-o=json" || i > 0 && arg == "json" {
			return json.NewEncoder(os.Stdout).Encode(files)
		}
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	if _, err := fmt.Fprint(table, "Name\tLocation\tSize\tCreated\n"); err != nil {
		return err
	}
	for _, f := range files {
		_, err := fmt.Fprintf(table, "%s\tfile://%s\t%d\t%s\n", f.Name, f.Path, f.Size, f.Created.UTC().Format(time.RFC3339))
		if err != nil {
			return err
		}
	}
	return table.Flush()
}

func deleteSnapshots(dir string, names []string, log *slog.Logger) error {
	if len(names) == 0 {
		return errors.New("Error: no snapshots given for removal")
	}
	for _, name := range names {
		if filepath.Base(name) != name {
			return fmt.Errorf("Error: %q: want a snapshot's name as `rke2 etcd-snapshot ls` shows it", name)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("Error: %w", err)
		}
		log.Info(fmt.Sprintf("Snapshot %s deleted.", name))
	}
	return nil
}
