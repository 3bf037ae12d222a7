package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"homelab/lab/cluster/bucket"
)

// walKey is where a file of the log lies: all of one timeline and of 4 GiB are in one folder (barman, xlog.hash_dir).
func (s server) walKey(name string) string {
	folder := ""
	if len(name) >= 16 && filepath.Ext(name) != ".history" {
		folder = name[:16]
	}
	if folder == "" {
		return s.key("wals", name+".gz")
	}
	return s.key("wals", folder, name+".gz")
}

// checkArchive refuses an archive that another life of a server has written to (barman, cloud_check_wal_archive.py).
func checkArchive(ctx context.Context, of server, _ options, _ []string) error {
	found, err := of.List(ctx, of.key("wals")+"/")
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return exit{1, fmt.Sprintf("WAL archive check failed for server %s: Expected empty archive", of.name)}
	}
	return nil
}

func archiveWAL(ctx context.Context, of server, o options, words []string) error {
	if o.flags["gzip"] == "" {
		return exit{3, "the lab's barman archives with --gzip alone"}
	}
	content, err := os.ReadFile(words[0])
	if err != nil {
		return err
	}
	packed, err := pack(content)
	if err != nil {
		return err
	}
	return of.Put(ctx, of.walKey(filepath.Base(words[0])), packed)
}

// restoreWAL ends with 1 where the archive has no such file, by which PostgreSQL knows that it has seen all
// (barman, cloud_walrestore.py).
func restoreWAL(ctx context.Context, of server, _ options, words []string) error {
	packed, err := of.Get(ctx, of.walKey(words[0]))
	if errors.Is(err, bucket.ErrMissing) {
		return exit{1, fmt.Sprintf("WAL file %s for server %s does not exist", words[0], of.name)}
	}
	if err != nil {
		return err
	}
	content, err := unpack(packed)
	if err != nil {
		return err
	}
	return writeNew(words[1], content)
}

func pack(content []byte) ([]byte, error) {
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	_, err = writer.Write(content)
	err = errors.Join(err, writer.Close())
	return packed.Bytes(), err
}

func unpack(packed []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}
