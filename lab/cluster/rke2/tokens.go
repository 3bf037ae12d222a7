package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/etcd"
	"homelab/lab/cluster/rke2/layout"
	"homelab/lab/cluster/rke2/token"
)

// secret holds the passwords that join servers and agents.
type secret struct{ server, agent string }

// ensureTokens settles the cluster's passwords (configured, kept from before, or random) and
// writes server/token, node-token and agent-token in their full form.
func ensureTokens(c *config.Config, ca []byte, initialized bool) (secret, error) {
	s := secret{}
	kept, err := keptPassword(c.Layout)
	if err != nil {
		return s, err
	}
	if c.Token != "" {
		parsed, err := token.Parse(c.Token)
		if err != nil {
			return s, err
		}
		if err := parsed.CheckCA(ca); err != nil {
			return s, err
		}
		s.server = parsed.Password
	}
	switch {
	case s.server == "" && kept != "":
		s.server = kept
	case s.server == "":
		if s.server, err = token.Random(); err != nil {
			return s, err
		}
	case initialized && kept != "" && kept != s.server:
		return s, etcd.ErrOtherToken
	}
	full := []byte(token.Format(ca, "server", s.server) + "\n")
	if err := certs.Write(c.Layout.Server("token"), full, 0o600); err != nil {
		return s, err
	}
	if err := link("token", c.Layout.Server("node-token")); err != nil {
		return s, err
	}
	if c.AgentToken == "" {
		s.agent = s.server
		return s, link("token", c.Layout.Server("agent-token"))
	}
	parsed, err := token.Parse(c.AgentToken)
	if err != nil {
		return s, fmt.Errorf("agent-token: %w", err)
	}
	s.agent = parsed.Password
	full = []byte(token.Format(ca, "node", s.agent) + "\n")
	return s, certs.Write(c.Layout.Server("agent-token"), full, 0o600)
}

// keptPassword is the one an earlier start wrote to server/token, or empty.
func keptPassword(l layout.Layout) (string, error) {
	content, err := os.ReadFile(l.Server("token"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	parsed, err := token.Parse(string(content))
	if err != nil {
		return "", fmt.Errorf("%s: %w", l.Server("token"), err)
	}
	return parsed.Password, nil
}

// link makes path a symbolic link to target, in place of whatever was there.
func link(target, path string) error {
	if have, err := os.Readlink(path); err == nil && have == target {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(target, path)
}
