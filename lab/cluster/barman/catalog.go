package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// backup is what is told of a base backup, and kept beside it: the keys of `barman-cloud-backup-list --format json` that the
// plugin reads (cloudnative-pg/barman-cloud, pkg/catalog).
type backup struct {
	ID        string    `json:"backup_id"`
	Name      string    `json:"backup_name"`
	Label     string    `json:"backup_label"`
	Begin     time.Time `json:"begin_time_iso"`
	End       time.Time `json:"end_time_iso"`
	BeginWAL  string    `json:"begin_wal"`
	EndWAL    string    `json:"end_wal"`
	BeginLSN  string    `json:"begin_xlog"`
	EndLSN    string    `json:"end_xlog"`
	SystemID  string    `json:"systemid"`
	Timeline  int       `json:"timeline"`
	BeginText string    `json:"begin_time"`
	EndText   string    `json:"end_time"`
}

// The names of a backup's two objects. The real information is a text of keys and values.
const (
	information = "backup.info"
	data        = "data.tar.gz"
)

// catalog has the server's backups, oldest first.
func (s server) catalog(ctx context.Context) ([]backup, error) {
	keys, err := s.List(ctx, s.key("base")+"/")
	if err != nil {
		return nil, err
	}
	var all []backup
	for _, key := range keys {
		if !strings.HasSuffix(key, "/"+information) {
			continue
		}
		content, err := s.Get(ctx, key)
		if err != nil {
			return nil, err
		}
		var one backup
		if err := json.Unmarshal(content, &one); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b backup) int { return a.End.Compare(b.End) })
	return all, nil
}

func listBackups(ctx context.Context, of server, _ options, _ []string) error {
	all, err := of.catalog(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"backups_list": all})
}

func showBackup(ctx context.Context, of server, _ options, words []string) error {
	one, err := of.find(ctx, words[0])
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"cloud": one})
}

// find looks for a backup by its id or its name.
func (s server) find(ctx context.Context, word string) (backup, error) {
	all, err := s.catalog(ctx)
	if err != nil {
		return backup{}, err
	}
	for _, one := range all {
		if one.ID == word || one.Name == word {
			return one, nil
		}
	}
	return backup{}, exit{1, fmt.Sprintf("Unknown backup '%s' for server '%s'", word, s.name)}
}

// deleteBackups deletes what no moment within the window needs: backups before the last one that is older, and the log before it.
func deleteBackups(ctx context.Context, of server, o options, _ []string) error {
	days, err := window(o.flags["retention-policy"])
	if err != nil {
		return err
	}
	all, err := of.catalog(ctx)
	if err != nil {
		return err
	}
	gone, kept := obsolete(all, time.Now().AddDate(0, 0, -days))
	for _, one := range gone {
		for _, name := range []string{data, information} {
			if err := of.Remove(ctx, of.key("base", one.ID, name)); err != nil {
				return err
			}
		}
	}
	if len(gone) == 0 {
		return nil
	}
	keys, err := of.List(ctx, of.key("wals")+"/")
	if err != nil {
		return err
	}
	for _, key := range keys {
		name := strings.TrimSuffix(key[strings.LastIndex(key, "/")+1:], ".gz")
		// Compared without the timeline, as Barman does.
		if len(name) >= 24 && len(kept.BeginWAL) >= 24 && name[8:24] < kept.BeginWAL[8:24] {
			if err := of.Remove(ctx, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// obsolete are the backups that nothing since the moment needs, and the oldest of the others.
func obsolete(all []backup, since time.Time) (gone []backup, kept backup) {
	first := 0
	for i, one := range all {
		if !one.End.After(since) {
			first = i
		}
	}
	if len(all) > 0 {
		kept = all[first]
	}
	return all[:first], kept
}

// window reads `RECOVERY WINDOW OF 30 DAYS`.
func window(policy string) (days int, err error) {
	words := strings.Fields(policy)
	if len(words) != 5 || words[4] != "DAYS" {
		return 0, exit{3, fmt.Sprintf("the lab's barman knows recovery windows of days, and not %q", policy)}
	}
	return strconv.Atoi(words[3])
}
