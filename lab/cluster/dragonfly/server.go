package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/robfig/cron/v3"

	"homelab/lab/cluster/bucket"
)

// client is where programs log in; redis-server listens there itself.
const client = "127.0.0.1:6379"

// server is a running redis-server with what Dragonfly has around it.
type server struct {
	settings
	password  string
	directory string
	bucket    *bucket.Bucket
	folder    string
	saving    sync.Mutex
}

// serve is Dragonfly: it loads its newest snapshot, serves, saves by its schedule and when it ends.
func serve(ctx context.Context, arguments []string) error {
	s := &server{password: os.Getenv("DFLY_requirepass")}
	var err error
	if s.settings, err = settingsOf(arguments); err != nil {
		return err
	}
	if s.directory, err = os.MkdirTemp("", "redis-"); err != nil {
		return err
	}
	if err := s.load(ctx); err != nil {
		return fmt.Errorf("failed to load snapshot: %w", err)
	}
	process := exec.Command("/usr/bin/redis-server", "-")
	process.Stdin, process.Stdout, process.Stderr = strings.NewReader(s.config()), os.Stdout, os.Stderr
	if err := process.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	listener, err := s.listen(ctx)
	if err != nil {
		return errors.Join(err, process.Process.Kill())
	}
	defer listener.Close()
	schedule := cron.New(cron.WithLocation(time.UTC))
	if s.cron != "" {
		if _, err := schedule.AddFunc(s.cron, func() { s.report(s.save(ctx)) }); err != nil {
			return errors.Join(err, process.Process.Kill())
		}
	}
	schedule.Start()
	defer schedule.Stop()
	select {
	case err := <-ended:
		return fmt.Errorf("redis-server ended: %w", err)
	case <-ctx.Done():
	}
	// A snapshot that fails keeps no pod from ending.
	s.report(s.save(context.WithoutCancel(ctx)))
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	<-ended
	return nil
}

// config is what redis-server reads, so that no list of processes shows the password. It saves nothing by itself.
func (s *server) config() string {
	policy := "noeviction"
	if s.evicts {
		policy = "allkeys-lru"
	}
	lines := []string{
		"bind 0.0.0.0", "port 6379", "protected-mode no", `save ""`, "appendonly no", "dir " + s.directory, "dbfilename dump.rdb",
		fmt.Sprintf("maxmemory %dmb", s.memory), "maxmemory-policy " + policy, "repl-diskless-sync-delay 0",
	}
	if s.password != "" {
		lines = append(lines, fmt.Sprintf("requirepass %q", s.password), fmt.Sprintf("masterauth %q", s.password))
	}
	return strings.Join(lines, "\n") + "\n"
}

// load takes the newest snapshot of its folder (dragonfly v1.39.0, src/server/server_family.cc: LoadFromSnapshot).
func (s *server) load(ctx context.Context) error {
	if s.dir == "" || s.file == "" {
		return nil
	}
	endpoint, name, folder, err := s.place()
	if err != nil {
		return err
	}
	key := bucket.Key{Access: os.Getenv("AWS_ACCESS_KEY_ID"), Secret: os.Getenv("AWS_SECRET_ACCESS_KEY"), Region: os.Getenv("AWS_REGION")}
	if s.bucket, err = bucket.Open(endpoint, name, key); err != nil {
		return err
	}
	s.folder = folder
	keys, err := s.bucket.List(ctx, folder+"/")
	if err != nil || len(keys) == 0 {
		return err
	}
	content, err := s.bucket.Get(ctx, slices.Max(keys))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.directory, "dump.rdb"), content, 0o600)
}

// save writes a snapshot, which Redis makes, into the store; without one it does nothing.
func (s *server) save(ctx context.Context) error {
	if s.bucket == nil {
		return nil
	}
	s.saving.Lock()
	defer s.saving.Unlock()
	if _, err := s.ask(ctx, "SAVE"); err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Join(s.directory, "dump.rdb"))
	if err != nil {
		return err
	}
	stamp := strings.ReplaceAll(s.file, "{timestamp}", time.Now().UTC().Format("2006-01-02T15:04:05"))
	return s.bucket.Put(ctx, s.folder+"/"+stamp+".rdb", content)
}

func (s *server) report(err error) {
	if err != nil {
		slog.Error("Failed to perform snapshot", "error", err)
	}
}

// ask says a command to the own redis-server.
func (s *server) ask(ctx context.Context, words ...string) (string, error) {
	connection, err := s.login(ctx)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	return talk(connection, words...)
}
