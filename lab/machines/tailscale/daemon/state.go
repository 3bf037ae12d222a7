package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"homelab/lab/machines/tailscale/local"
)

// node is the device's membership.
type node struct {
	NodeID    string
	NodeKey   string
	DeviceID  string
	Name      string
	Addresses []string
	Tags      []string
	KeyExpiry *string
}

// saved is the state file: settings and, once logged in, the membership.
type saved struct {
	Prefs local.Prefs
	Node  *node `json:",omitempty"`
}

// readState reads the state file; one that is absent is an empty state.
func readState(path string) (saved, error) {
	var state saved
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return state, nil
	}
	if err != nil {
		return state, err
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return state, fmt.Errorf("%s: not a state file of tailscaled: %w", path, err)
	}
	return state, nil
}

// writeState replaces the file at once; only root reads it, for it holds the node key.
func writeState(path string, state saved) error {
	text, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".")
	if err != nil {
		return err
	}
	// CreateTemp makes the file with mode 0600.
	_, err = draft.Write(text)
	if err == nil {
		err = draft.Sync()
	}
	err = errors.Join(err, draft.Close())
	if err == nil {
		err = os.Rename(draft.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(draft.Name()))
	}
	return nil
}
