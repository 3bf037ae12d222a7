package rook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"homelab/lab/cluster/kubelet/program"
)

// objects is where object gateways keep what they are given.
const objects = "/run/lab/volumes/.objects"

// RunMonitor answers the lab's `ceph` command at the monitor's port: the words of a command in the body, the administrator's
// key beside them. Real ones speak a protocol of their own (msgr).
func RunMonitor(ctx context.Context, c program.Container) error {
	fsid := c.Env["ROOK_CEPH_FSID"]
	return serve(ctx, c, 6789, http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(io.LimitReader(request.Body, 1<<16))
		if err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
		var said string
		err = Change(Directory, fsid, func(s *State) error {
			if request.Header.Get("X-Key") != s.Key {
				return errors.New("[errno 13] RADOS permission denied (error connecting to the cluster)")
			}
			said, err = s.command(strings.Fields(string(body)), time.Now())
			return err
		})
		if err != nil {
			http.Error(answer, err.Error(), http.StatusConflict)
			return
		}
		_, _ = io.WriteString(answer, said)
	}))
}

func serve(ctx context.Context, c program.Container, port uint16, handler http.Handler) error {
	listener, err := program.Listen(c, port)
	if err != nil {
		return err
	}
	c.Ready(true)
	return program.Serve(ctx, listener, handler)
}

// command answers one of `ceph`'s commands; others are refused by name.
func (s *State) command(words []string, now time.Time) (string, error) {
	s.settle(now)
	var name string
	switch {
	case len(words) >= 3 && words[0] == "osd" && words[1] == "crush":
		name, words = strings.Join(words[:3], " "), words[3:]
	case len(words) >= 2 && words[0] == "osd":
		name, words = strings.Join(words[:2], " "), words[2:]
	default:
		name = strings.Join(words, " ")
	}
	switch name {
	case "status", "-s":
		return s.summary(now), nil
	case "osd dump":
		return s.dump(), nil
	case "osd crush rm", "osd crush move":
		switch {
		case len(words) == 0:
			return "", errors.New("Error EINVAL: a name is missing")
		case name == "osd crush rm":
			return "", s.removeHost(words[0])
		}
		return "", s.moveHost(words[0], words[1:])
	case "osd out", "osd in", "osd down", "osd ok-to-stop", "osd safe-to-destroy", "osd purge":
	default:
		return "", fmt.Errorf("the lab's ceph knows no command %q", name)
	}
	ids, err := numbers(words)
	if err != nil {
		return "", err
	}
	if name == "osd safe-to-destroy" {
		if reason := s.safeToDestroy(ids, now); reason != "" {
			return "", errors.New("Error EBUSY: " + reason)
		}
		return fmt.Sprintf("OSD(s) %v are safe to destroy without reducing data durability.\n", ids), nil
	}
	if name == "osd ok-to-stop" {
		if reason := s.okToStop(ids, now); reason != "" {
			return "", errors.New("Error EBUSY: " + reason)
		}
		return "{}\n", nil
	}
	for _, id := range ids {
		osd, known := s.OSDs[id]
		switch {
		case !known:
		case name == "osd out" && osd.In:
			osd.In, osd.Since = false, now
		case name == "osd in" && !osd.In:
			osd.In, osd.AutoOut, osd.Since = true, false, now
		case name == "osd purge" && osd.Up:
			return "", fmt.Errorf("Error EBUSY: osd.%d is not `down`.", id)
		case name == "osd purge":
			delete(s.OSDs, id)
		}
	}
	return "", nil
}

// numbers are those of daemons, as 3 or osd.3; flags are passed over.
func numbers(words []string) ([]int, error) {
	var found []int
	for _, word := range words {
		if strings.HasPrefix(word, "--") {
			continue
		}
		id, err := strconv.Atoi(strings.TrimPrefix(word, "osd."))
		if err != nil {
			return nil, fmt.Errorf("Error EINVAL: expected an osd id, got %q", word)
		}
		found = append(found, id)
	}
	if len(found) == 0 {
		return nil, errors.New("Error EINVAL: an osd id is missing")
	}
	return found, nil
}

func (s *State) summary(now time.Time) string {
	codes := []string{}
	for code := range s.checks("aes", now) {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return fmt.Sprintf("health: %s\nosd: %d osds\n", strings.Join(codes, " "), len(s.OSDs))
}

// objectPath is where an object is kept; the key must not lead elsewhere.
func objectPath(root, fsid, bucket, key string) (string, error) {
	if !filepath.IsLocal(key) || !filepath.IsLocal(bucket) {
		return "", errors.New("no such key")
	}
	return filepath.Join(root, fsid, bucket, filepath.FromSlash(key)), nil
}
