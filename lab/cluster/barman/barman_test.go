package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// bucketServer is a store that keeps objects in memory.
func bucketServer(t *testing.T) (objects map[string][]byte, barman func(name string, words ...string) error) {
	t.Helper()
	objects = map[string][]byte{}
	served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := strings.TrimPrefix(r.URL.Path, "/logs/")
		switch {
		case r.URL.Query().Get("list-type") == "2":
			var listed strings.Builder
			for each := range objects {
				if strings.HasPrefix(each, r.URL.Query().Get("prefix")) {
					listed.WriteString("<Contents><Key>" + each + "</Key></Contents>")
				}
			}
			_, _ = io.WriteString(w, "<ListBucketResult>"+listed.String()+"</ListBucketResult>")
		case r.Method == http.MethodPut:
			objects[key], _ = io.ReadAll(r.Body)
		case r.Method == http.MethodDelete:
			delete(objects, key)
		case objects[key] == nil:
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = w.Write(objects[key])
		}
	}))
	t.Cleanup(served.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "access")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	return objects, func(name string, words ...string) error {
		all := append([]string{"--endpoint-url", served.URL, "--cloud-provider", "aws-s3"}, words...)
		return run(t.Context(), "barman-cloud-"+name, all)
	}
}

const first = "000000010000000000000003"

func TestTheLogGoesThereAndBack(t *testing.T) {
	objects, barman := bucketServer(t)
	directory := t.TempDir()
	source, target := filepath.Join(directory, first), filepath.Join(directory, "restored")
	if err := os.WriteFile(source, []byte("log"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := barman("check-wal-archive", "s3://logs/", "main-15"); err != nil {
		t.Errorf("an empty archive: %v", err)
	}
	if err := barman("wal-archive", "--gzip", "s3://logs/", "main-15", source); err != nil {
		t.Fatal(err)
	}
	if objects["main-15/wals/0000000100000000/"+first+".gz"] == nil {
		t.Errorf("it lies elsewhere: %v", objects)
	}
	if err := barman("check-wal-archive", "s3://logs/", "main-15"); codeOf(err) != 1 || !strings.Contains(err.Error(), "Expected empty archive") {
		t.Errorf("another life's archive: %v", err)
	}
	if err := barman("wal-restore", "s3://logs/", "main-15", first, target); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(target); string(content) != "log" {
		t.Errorf("restored %q, %v", content, err)
	}
	if err := barman("wal-restore", "s3://logs/", "main-15", "000000010000000000000004", target); codeOf(err) != 1 {
		t.Errorf("what is not there ends with 1: %v", err)
	}
}

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	_, barman := bucketServer(t)
	for _, words := range [][]string{{"--encryption", "s3://logs/", "main"}, {"s3://logs/"}, {"logs", "main"}} {
		if err := barman("backup-list", words...); codeOf(err) != 3 {
			t.Errorf("%v: %v", words, err)
		}
	}
}

func TestADataDirectoryIsTakenWithoutWhatPostgresMakesAnew(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{
		"PG_VERSION", "base/1/112", "pg_wal/" + first, "pg_wal/archive_status/x.ready", "pg_replslot/slot/state", "postmaster.pid", "standby.signal", "pg_xact/0000",
	} {
		file := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	var packed bytes.Buffer
	archive := newArchive(&packed)
	if err := errors.Join(archive.directory(root), archive.close()); err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(&packed)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for reader := tar.NewReader(unpacked); ; {
		header, err := reader.Next()
		if err != nil {
			break
		}
		names = append(names, header.Name)
	}
	want := []string{"PG_VERSION", "base/", "base/1/", "base/1/112", "pg_replslot/", "pg_wal/", "pg_wal/archive_status/", "pg_xact/", "pg_xact/0000"}
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("taken: %v", names)
	}
}

func TestABackupSaysWhichPartOfTheLogItNeeds(t *testing.T) {
	one := backup{BeginLSN: "0/2000028", EndLSN: "1/3000100", Label: "START WAL LOCATION: 0/2000028\nSTART TIMELINE: 2\n"}
	if err := one.finish(time.Now()); err != nil {
		t.Fatal(err)
	}
	if one.Timeline != 2 || one.BeginWAL != "000000020000000000000002" || one.EndWAL != "000000020000000100000003" {
		t.Errorf("%+v", one)
	}
}

func TestBackupsGoThatNoMomentOfTheWindowNeeds(t *testing.T) {
	now := time.Now()
	at := func(days int) backup {
		return backup{ID: now.AddDate(0, 0, -days).Format("20060102"), End: now.AddDate(0, 0, -days)}
	}
	all := []backup{at(40), at(35), at(20), at(1)}
	gone, kept := obsolete(all, now.AddDate(0, 0, -30))
	if len(gone) != 1 || gone[0].ID != all[0].ID || kept.ID != all[1].ID {
		t.Errorf("gone %v, kept %v", gone, kept)
	}
	if gone, _ := obsolete(all[2:], now.AddDate(0, 0, -30)); len(gone) != 0 {
		t.Errorf("gone: %v", gone)
	}
	if days, err := window("RECOVERY WINDOW OF 30 DAYS"); days != 30 || err != nil {
		t.Errorf("%d, %v", days, err)
	}
}
