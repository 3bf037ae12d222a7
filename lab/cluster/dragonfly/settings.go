package main

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// settings are Dragonfly's flags, as far as an operator or a site gives them; others end the program, as there.
type settings struct {
	admin   string
	noPass  bool
	memory  int // mebibytes
	threads int
	evicts  bool
	file    string
	// dir is where snapshots are kept, as `s3://BUCKET/FOLDER`, and cron when they are made.
	dir, cron, endpoint string
	https               bool
}

func settingsOf(arguments []string) (settings, error) {
	s := settings{admin: "0", file: "dump-{timestamp}", threads: 1, https: true}
	var err error
	for _, argument := range arguments {
		name, value, _ := strings.Cut(argument, "=")
		switch name {
		case "--alsologtostderr", "--logtostderr", "--primary_port_http_enabled", "--break_replication_on_master_restart":
		case "--default_lua_flags":
			// Redis itself asks for no declared keys.
		case "--admin_port":
			s.admin = value
		case "--admin_nopass":
			s.noPass = true
		case "--maxmemory":
			s.memory, err = strconv.Atoi(strings.TrimSuffix(value, "mb"))
		case "--proactor_threads":
			s.threads, err = strconv.Atoi(value)
		case "--cache_mode":
			s.evicts, err = strconv.ParseBool(value)
		case "--dbfilename":
			s.file = value
		case "--dir":
			s.dir = value
		case "--snapshot_cron":
			s.cron = value
		case "--s3_endpoint":
			s.endpoint = value
		case "--s3_use_https":
			s.https, err = strconv.ParseBool(value)
		default:
			return s, fmt.Errorf("ERROR: Unknown command line flag '%s'", strings.TrimLeft(name, "-"))
		}
		if err != nil {
			return s, fmt.Errorf("%s: %w", argument, err)
		}
	}
	return s, s.check()
}

// threadMiB is what each thread wants of memory (dragonfly v1.39.0, src/server/dfly_main.cc).
const threadMiB = 256

func (s settings) check() error {
	switch {
	case s.memory < threadMiB*s.threads:
		return fmt.Errorf("There are %d threads, so %d.00MiB are required. Exiting...", s.threads, threadMiB*s.threads)
	case !s.noPass || s.admin == "0":
		return errors.New("the lab's Dragonfly is one of an operator's, with a port of administration that asks for no password")
	}
	return nil
}

// place reads where snapshots go: a bucket and a folder of it.
func (s settings) place() (endpoint, bucket, folder string, err error) {
	parsed, err := url.Parse(s.dir)
	if err != nil || parsed.Scheme != "s3" {
		return "", "", "", fmt.Errorf("--dir=%s: the lab's Dragonfly keeps snapshots in S3 alone", s.dir)
	}
	scheme := "http://"
	if s.https {
		scheme = "https://"
	}
	return scheme + s.endpoint, parsed.Host, strings.Trim(parsed.Path, "/"), nil
}
