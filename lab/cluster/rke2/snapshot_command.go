package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/etcd"
)

// snapshotCommand is `rke2 etcd-snapshot save|ls|delete|prune`. RKE2 asks its supervisor; this
// one speaks to the node's etcd, its API and S3 itself, so that both need a running server.
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
	ctx, cancel := context.WithTimeout(context.Background(), snapshotPatience)
	defer cancel()
	snapshots, err := newSnapshots(c, m, log)
	if err != nil {
		return fmt.Errorf("Error: %w", err)
	}
	switch action {
	case "save":
		err = snapshots.save(ctx, false)
	case "ls", "list", "l":
		err = listSnapshots(ctx, snapshots, args)
	case "delete":
		if len(rest) == 0 {
			return errors.New("Error: no snapshots given for removal")
		}
		err = snapshots.delete(ctx, rest)
	case "prune":
		err = snapshots.prune(ctx)
	default:
		return fmt.Errorf("Error: No help topic for '%s': want save, ls, delete or prune", action)
	}
	if err != nil {
		return fmt.Errorf("Error: %w", err)
	}
	return nil
}

// snapshotPatience is how long one may take, with its way to S3.
const snapshotPatience = 6 * time.Minute

func listSnapshots(ctx context.Context, snapshots *snapshots, args []string) error {
	files, err := snapshots.list(ctx)
	if err != nil {
		return err
	}
	for i, arg := range args {
		if arg == "--output=json" || arg == "-o=json" || i > 0 && arg == "json" {
			items := []map[string]any{}
			for _, f := range files {
				items = append(items, f.object().Object)
			}
			return json.NewEncoder(os.Stdout).Encode(map[string]any{"kind": "List", "apiVersion": "v1", "items": items})
		}
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	if _, err := fmt.Fprint(table, "Name\tLocation\tSize\tCreated\n"); err != nil {
		return err
	}
	for _, f := range files {
		_, err := fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", f.name, f.location, f.size, f.created.UTC().Format(time.RFC3339))
		if err != nil {
			return err
		}
	}
	return table.Flush()
}
