// Command volsync-mover is what the lab has in the place of VolSync's mover of restic: it runs the machine's own restic, Debian's,
// in the steps, with the messages and with the ends of the real script. Read from backube/volsync v0.16.0, mover-restic/entry.sh.
//
// Of authorities it trusts the one that it is told of alone: the lab's is none of those that VolSync's image has.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// host is the one that all backups are of.
const host = "volsync"

func main() {
	os.Exit(work(os.Args[1:]))
}

// failure ends a mover.
type failure struct {
	code int
	text string
}

func (f failure) Error() string { return f.text }

// finished is a mover that has nothing to do.
var finished = errors.New("finished")

func work(actions []string) int {
	began := time.Now()
	for _, name := range []string{"PRIVILEGED_MOVER", "RESTIC_CACHE_DIR", "RESTIC_PASSWORD", "RESTIC_REPOSITORY", "DATA_DIR"} {
		if os.Getenv(name) == "" {
			return end(failure{1, name + " must be defined"})
		}
	}
	for _, action := range actions {
		var err error
		switch action {
		case "unlock":
			err = unlock()
		case "backup":
			err = backup()
		case "prune":
			fmt.Println("=== Starting prune ===")
			err = show("prune")
		case "restore":
			err = restore()
		default:
			err = failure{2, "unknown operation: " + action}
		}
		if errors.Is(err, finished) {
			return 0
		}
		if err != nil {
			return end(err)
		}
	}
	fmt.Printf("Restic completed in %ds\n=== Done ===\n", int(time.Since(began).Seconds()))
	return 0
}

func end(err error) int {
	var own failure
	if errors.As(err, &own) {
		fmt.Println("ERROR: " + own.text)
		return own.code
	}
	var program *exec.ExitError
	if errors.As(err, &program) {
		return program.ExitCode()
	}
	fmt.Println("ERROR: " + err.Error())
	return 1
}

func restic(ctx context.Context, arguments ...string) *exec.Cmd {
	if ca := os.Getenv("CUSTOM_CA"); ca != "" {
		arguments = append([]string{"--cacert", ca}, arguments...)
	}
	command := exec.CommandContext(ctx, "restic", arguments...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.Dir = os.Getenv("DATA_DIR")
	command.Env = append(os.Environ(), "SSL_CERT_FILE=/dev/null", "SSL_CERT_DIR=/dev/null", "HOME=/tmp", "RESTIC_PROGRESS_FPS=0.1")
	return command
}

// show runs restic with its words as the mover's.
func show(arguments ...string) error {
	command := restic(context.Background(), arguments...)
	command.Stdout, command.Stderr = os.Stdout, os.Stdout
	return command.Run()
}

// ask runs restic and gives what it printed, and what it complained of. Where ctx has ended it, the code is 124, as of the
// script's `timeout`.
func ask(ctx context.Context, arguments ...string) (said, complaint string, code int) {
	command := restic(ctx, arguments...)
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	err := command.Run()
	var program *exec.ExitError
	switch {
	case ctx.Err() != nil:
		code = 124
	case err == nil:
	case errors.As(err, &program):
		code = program.ExitCode()
	default:
		code, complaint = 127, err.Error()
	}
	return out.String(), complaint + problems.String(), code
}

// patience is how long a repository is looked for: restic itself tries a store that does not answer for a quarter of an hour.
const patience = 60 * time.Second

// ensureInitialized makes a repository where there is none; so does a restore, and so does a mover that nobody answers, which
// then fails.
func ensureInitialized() error {
	fmt.Println("=== Check for dir initialized ===")
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	_, complaint, code := ask(ctx, "cat", "config")
	absent := strings.Contains(complaint, "Is there a repository at the following location")
	switch {
	case code == 0:
		fmt.Println("dir is initialized")
		return nil
	case code == 10, (code == 1 || code == 124) && absent:
		fmt.Println("=== Initialize Dir ===")
		return show("init")
	}
	fmt.Print(complaint)
	switch code {
	case 11:
		return failure{3, "failure locking repository"}
	case 12:
		return failure{3, "failure connecting to repository, incorrect password"}
	}
	return failure{3, "failure checking existence of repository"}
}

// backup of an empty folder ends well, before it has said a word to the store.
func backup() error {
	fmt.Println("== Checking directory for content ===")
	entries, err := os.ReadDir(os.Getenv("DATA_DIR"))
	if err != nil {
		return err
	}
	content := 0
	for _, one := range entries {
		if one.Name() != "lost+found" {
			content++
		}
	}
	if content == 0 {
		fmt.Println("== Directory is empty skipping backup ==")
		return finished
	}
	if err := ensureInitialized(); err != nil {
		return err
	}
	fmt.Println("=== Starting backup ===")
	if err := show("backup", "--host", host, "--exclude=lost+found", "."); err != nil {
		return err
	}
	fmt.Println("=== Starting forget ===")
	if options := strings.Fields(os.Getenv("FORGET_OPTIONS")); len(options) > 0 {
		return show(append([]string{"forget", "--host", host}, options...)...)
	}
	return nil
}

func unlock() error {
	fmt.Println("=== Starting unlock ===")
	_, complaint, code := ask(context.Background(), "unlock")
	if code == 0 {
		return nil
	}
	fmt.Print(complaint)
	if strings.Contains(complaint, "Is there a repository at the following location") {
		fmt.Println("No repo, ignoring unlock error")
		return nil
	}
	return failure{3, "failure unlocking repository"}
}

// restore of a repository without a snapshot that fits restores nothing, and ends well.
func restore() error {
	if err := ensureInitialized(); err != nil {
		return err
	}
	fmt.Println("=== Starting restore ===")
	list, complaint, code := ask(context.Background(), "snapshots")
	if code != 0 {
		fmt.Print(complaint)
		return failure{3, "failure getting list of snapshots from repository"}
	}
	id, err := choose(list, os.Getenv("RESTORE_AS_OF"), os.Getenv("SELECT_PREVIOUS"))
	if err != nil {
		return err
	}
	if id == "" {
		fmt.Println("No eligible snapshots found\n=== No data will be restored ===")
		return nil
	}
	if options := os.Getenv("RESTORE_OPTIONS"); options != "" {
		fmt.Println("RESTORE_OPTIONS: " + options)
	}
	fmt.Println("Selected restic snapshot with id: " + id)
	arguments := []string{"restore", id, "-t", ".", "--host", host, "--include-xattr", "user.*"}
	if err := show(append(arguments, strings.Fields(os.Getenv("RESTORE_OPTIONS"))...)...); err != nil {
		return err
	}
	syscall.Sync()
	return nil
}

// choose reads the list that restic prints: ids and moments of what was saved of /data. The newest that is not from after a
// moment is taken, or one that was saved so many before it.
func choose(list, asOf, previous string) (string, error) {
	type snapshot struct {
		id string
		at time.Time
	}
	var found []snapshot
	for _, line := range strings.Split(list, "\n") {
		words := strings.Fields(line)
		if !strings.Contains(line, "/data") || len(words) < 3 {
			continue
		}
		at, err := time.ParseInLocation(time.DateTime, words[1]+" "+words[2], time.Local)
		if err != nil {
			return "", err
		}
		found = append(found, snapshot{words[0], at})
	}
	sort.SliceStable(found, func(a, b int) bool { return found[a].at.After(found[b].at) })
	offset := 0
	if asOf != "" {
		limit, err := time.Parse(time.RFC3339, asOf)
		if err != nil {
			return "", failure{1, "date: invalid date " + asOf}
		}
		for offset < len(found) && found[offset].at.After(limit) {
			offset++
		}
	}
	if previous != "" {
		number, err := strconv.Atoi(previous)
		if err != nil {
			return "", err
		}
		offset += number
	}
	if offset >= len(found) {
		return "", nil
	}
	return found[offset].id, nil
}
