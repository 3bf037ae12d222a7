// Command barman stands in the image of the barman-cloud plugin's sidecar for Barman's own programs, which are Python's: one
// binary that is chosen by the name that it was started with. It keeps to their arguments, exit codes and words, and to where
// they put things in a bucket; backups are real ones of a real PostgreSQL.
// https://github.com/EnterpriseDB/barman/tree/release/3.18.0/barman/clients
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// exit is an error with the exit code that the plugin looks for.
type exit struct {
	code int
	text string
}

func (e exit) Error() string { return e.text }

// options are what a program was told: words, and its flags without their dashes.
type options struct {
	flags map[string]string
	words []string
}

// flags that are known, and whether they take a value.
var flags = map[string]bool{
	"endpoint-url": true, "cloud-provider": true, "gzip": false, "format": true, "user": true, "name": true, "jobs": true,
	"immediate-checkpoint": false, "retention-policy": true,
}

func optionsOf(arguments []string) (options, error) {
	read := options{flags: map[string]string{}}
	for i := 0; i < len(arguments); i++ {
		flag, isFlag := strings.CutPrefix(arguments[i], "--")
		valued, known := flags[flag]
		switch {
		case !isFlag:
			read.words = append(read.words, arguments[i])
		case !known:
			return read, exit{3, fmt.Sprintf("unrecognized arguments: --%s (the lab's barman knows what the site's objects ask for)", flag)}
		case valued && i+1 < len(arguments):
			i++
			read.flags[flag] = arguments[i]
		default:
			read.flags[flag] = "true"
		}
	}
	if provider := read.flags["cloud-provider"]; provider != "" && provider != "aws-s3" {
		return read, exit{3, "the lab's barman knows S3 alone, and not " + provider}
	}
	return read, nil
}

// program does its work with the words behind the bucket and the server's folder.
type program struct {
	words int
	run   func(ctx context.Context, of server, o options, words []string) error
}

var programs = map[string]program{
	"barman-cloud-check-wal-archive": {0, checkArchive},
	"barman-cloud-wal-archive":       {1, archiveWAL},
	"barman-cloud-wal-restore":       {2, restoreWAL},
	"barman-cloud-backup":            {0, backUp},
	"barman-cloud-backup-list":       {0, listBackups},
	"barman-cloud-backup-show":       {1, showBackup},
	"barman-cloud-backup-delete":     {0, deleteBackups},
	"barman-cloud-restore":           {2, restore},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := run(ctx, filepath.Base(os.Args[0]), os.Args[1:])
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "ERROR:", err)
	os.Exit(codeOf(err))
}

func run(ctx context.Context, name string, arguments []string) error {
	chosen, known := programs[name]
	if !known {
		return exit{3, "start it as one of " + strings.Join(slices.Sorted(maps.Keys(programs)), ", ")}
	}
	o, err := optionsOf(arguments)
	if err != nil {
		return err
	}
	if len(o.words) != 2+chosen.words {
		return exit{3, fmt.Sprintf("%s wants %d words: %v", name, 2+chosen.words, o.words)}
	}
	of, err := serverOf(o.flags["endpoint-url"], o.words[0], o.words[1], os.Getenv)
	if err != nil {
		return err
	}
	return chosen.run(ctx, of, o, o.words[2:])
}
