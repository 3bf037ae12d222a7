package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// segment is the size of a file of the log.
const segment = 16 << 20

// backUp copies the data directory while PostgreSQL runs, between the two calls that tell it so
// (https://www.postgresql.org/docs/15/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP).
func backUp(ctx context.Context, of server, o options, _ []string) error {
	connection, err := pgx.Connect(ctx, fmt.Sprintf("user=%s dbname=postgres", o.flags["user"]))
	if err != nil {
		return exit{2, "Cannot connect to postgres: " + err.Error()}
	}
	defer connection.Close(context.WithoutCancel(ctx))
	begun := backup{ID: time.Now().UTC().Format("20060102T150405"), Name: o.flags["name"], Begin: time.Now().UTC()}
	var directory string
	if err := connection.QueryRow(ctx, "SELECT setting, (SELECT system_identifier::text FROM pg_control_system()) FROM pg_settings WHERE name = 'data_directory'").
		Scan(&directory, &begun.SystemID); err != nil {
		return err
	}
	label := "Barman cloud " + of.name + " " + begun.ID
	if err := connection.QueryRow(ctx, "SELECT pg_backup_start($1, $2)::text", label, o.flags["immediate-checkpoint"] != "").
		Scan(&begun.BeginLSN); err != nil {
		return err
	}
	var packed bytes.Buffer
	archive := newArchive(&packed)
	if err := archive.directory(directory); err != nil {
		return err
	}
	if err := connection.QueryRow(ctx, "SELECT lsn::text, labelfile FROM pg_backup_stop()").Scan(&begun.EndLSN, &begun.Label); err != nil {
		return err
	}
	if err := errors.Join(archive.file("backup_label", []byte(begun.Label)), archive.close()); err != nil {
		return err
	}
	if err := begun.finish(time.Now().UTC()); err != nil {
		return err
	}
	told, err := json.Marshal(begun)
	if err != nil {
		return err
	}
	if err := of.Put(ctx, of.key("base", begun.ID, data), packed.Bytes()); err != nil {
		return err
	}
	return of.Put(ctx, of.key("base", begun.ID, information), told)
}

var timelineOf = regexp.MustCompile(`(?m)^START TIMELINE: (\d+)$`)

// finish works out what a backup's label does not say outright.
func (b *backup) finish(now time.Time) (err error) {
	b.End = now
	b.BeginText, b.EndText = b.Begin.Format(time.ANSIC), b.End.Format(time.ANSIC)
	found := timelineOf.FindStringSubmatch(b.Label)
	if found == nil {
		return fmt.Errorf("the backup's label names no timeline: %s", b.Label)
	}
	if b.Timeline, err = strconv.Atoi(found[1]); err != nil {
		return err
	}
	if b.BeginWAL, err = walName(b.Timeline, b.BeginLSN); err != nil {
		return err
	}
	b.EndWAL, err = walName(b.Timeline, b.EndLSN)
	return err
}

// walName is the file of the log that a position such as 0/2000028 lies in.
func walName(timeline int, lsn string) (string, error) {
	high, low, _ := strings.Cut(lsn, "/")
	upper, err := strconv.ParseUint(high, 16, 32)
	if err != nil {
		return "", err
	}
	lower, err := strconv.ParseUint(low, 16, 32)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%08X%08X%08X", timeline, upper, lower/segment), nil
}

// emptied are directories whose content is no part of a backup, and left files that are none
// (https://www.postgresql.org/docs/15/protocol-replication.html, BASE_BACKUP; barman, barman/postgres_plumbing.py, EXCLUDE_LIST).
// A backup of a replica that said to be one would wait for a primary when it is recovered.
var (
	emptied = []string{"pg_wal", "pg_dynshmem", "pg_notify", "pg_replslot", "pg_serial", "pg_snapshots", "pg_stat_tmp", "pg_subtrans", "pgsql_tmp"}
	left    = []string{"postmaster.pid", "postmaster.opts", "standby.signal", "backup_label", "tablespace_map"}
)

type archive struct {
	packer *gzip.Writer
	writer *tar.Writer
}

func newArchive(to io.Writer) archive {
	packer, _ := gzip.NewWriterLevel(to, gzip.BestSpeed) // The level is one that it knows.
	return archive{packer, tar.NewWriter(packer)}
}

func (a archive) close() error { return errors.Join(a.writer.Close(), a.packer.Close()) }

func (a archive) file(name string, content []byte) error {
	if err := a.writer.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := a.writer.Write(content)
	return err
}

// directory adds a data directory. Files that go while it reads are passed over, and those that change are made good by the log.
func (a archive) directory(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || path == root {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		folder := filepath.Base(filepath.Dir(path))
		switch {
		case slices.Contains(left, name), folder == "archive_status":
			return nil
		case slices.Contains(emptied, folder) && entry.Name() != "archive_status":
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return a.writer.WriteHeader(&tar.Header{Name: name + "/", Mode: 0o700, Typeflag: tar.TypeDir})
		case !entry.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return a.file(name, content)
	})
}

// restore unpacks a backup into an empty data directory; the log comes by PostgreSQL's own restore command.
func restore(ctx context.Context, of server, _ options, words []string) error {
	one, err := of.find(ctx, words[0])
	if err != nil {
		return err
	}
	packed, err := of.Get(ctx, of.key("base", one.ID, data))
	if err != nil {
		return err
	}
	unpacked, err := unpack(packed)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(words[1], 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(words[1])
	if err != nil {
		return err
	}
	defer root.Close()
	for reader := tar.NewReader(bytes.NewReader(unpacked)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if header.Typeflag == tar.TypeDir {
			if err := root.MkdirAll(strings.TrimSuffix(header.Name, "/"), 0o700); err != nil {
				return err
			}
			continue
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			return err
		}
		if err := root.WriteFile(header.Name, content, 0o600); err != nil {
			return err
		}
	}
}
