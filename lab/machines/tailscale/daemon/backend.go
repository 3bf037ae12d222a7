package daemon

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"homelab/lab/machines/tailscale/control"
	"homelab/lab/machines/tailscale/local"
)

// backend is the device: its settings, its membership and the session with the control plane. Keys are never logged.
type backend struct {
	control   *control.Client
	stateFile string
	addresses addresses
	log       *slog.Logger
	// life ends with the daemon.
	life context.Context

	mu    sync.Mutex
	saved saved
	state string
	// failure is why the device needs a login, or what the last report to the control plane met.
	failure string
	last    control.MapResponse
	// seen is when the control plane last answered a report.
	seen time.Time
	// report asks for a report ahead of time; moved is closed and replaced at each change of the state.
	report chan struct{}
	moved  chan struct{}
	// end stops the session; ended is closed once it has stopped. Both are nil without one.
	end   context.CancelFunc
	ended chan struct{}
}

func newBackend(life context.Context, c *control.Client, stateFile string, a addresses, log *slog.Logger) (*backend, error) {
	state, err := readState(stateFile)
	if err != nil {
		return nil, err
	}
	b := &backend{
		control: c, stateFile: stateFile, addresses: a, log: log, life: life, saved: state, state: local.NeedsLogin,
		report: make(chan struct{}, 1), moved: make(chan struct{}),
	}
	switch {
	case state.Node != nil && state.Prefs.WantRunning:
		b.begin("")
	case state.Node != nil:
		b.state = local.Stopped
	}
	return b, nil
}

// move changes the state and wakes those who wait for it. The caller holds mu.
func (b *backend) move(state, failure string) {
	if state != b.state {
		b.log.Info("Switching ipn state", "from", b.state, "to", state)
	}
	b.state, b.failure = state, failure
	close(b.moved)
	b.moved = make(chan struct{})
}

// save writes the state file. The caller holds mu.
func (b *backend) save() error { return writeState(b.stateFile, b.saved) }

// begin starts a session; without a key for the membership that there is. The caller holds mu, and no session runs.
func (b *backend) begin(authKey string) {
	session, end := context.WithCancel(b.life)
	ended := make(chan struct{})
	b.end, b.ended = end, ended
	b.move(local.Starting, "")
	go func() {
		defer close(ended)
		defer end()
		b.run(session, authKey)
	}()
}

// halt ends the session, if there is one, and waits until it has.
func (b *backend) halt() {
	b.mu.Lock()
	end, ended := b.end, b.ended
	b.end, b.ended = nil, nil
	b.mu.Unlock()
	if end != nil {
		end()
		<-ended
	}
}

// start applies new settings and starts the device; a key is used only by a device that is not logged in.
func (b *backend) start(options local.StartOptions) error {
	b.mu.Lock()
	running := b.end != nil && b.saved.Node != nil
	b.mu.Unlock()
	if !running {
		b.halt()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if options.Prefs != nil {
		b.saved.Prefs = *options.Prefs
	}
	if b.saved.Node == nil && options.AuthKey == "" {
		return errors.New("not logged in: give an auth key with --auth-key; the lab has no interactive login")
	}
	b.saved.Prefs.WantRunning = true
	if err := b.save(); err != nil {
		return err
	}
	if running {
		b.askReport()
		return nil
	}
	key := options.AuthKey
	if b.saved.Node != nil {
		key = ""
	}
	b.begin(key)
	return nil
}

// edit changes single settings of a device, logged in or not.
func (b *backend) edit(edit local.Edit) error {
	if edit.WantRunning != nil && !*edit.WantRunning {
		b.halt()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	prefs := &b.saved.Prefs
	set(&prefs.WantRunning, edit.WantRunning)
	set(&prefs.Hostname, edit.Hostname)
	set(&prefs.AdvertiseRoutes, edit.AdvertiseRoutes)
	set(&prefs.AdvertiseExitNode, edit.AdvertiseExitNode)
	set(&prefs.RunSSH, edit.RunSSH)
	if err := b.save(); err != nil {
		return err
	}
	if !prefs.WantRunning && b.saved.Node != nil {
		b.move(local.Stopped, "")
		return b.addresses.Remove()
	}
	b.askReport()
	return nil
}

func set[T any](value *T, given *T) {
	if given != nil {
		*value = *given
	}
}

func (b *backend) askReport() {
	select {
	case b.report <- struct{}{}:
	default:
	}
}

// logout removes the device from the tailnet. When the control plane cannot be told, the device stays logged in.
func (b *backend) logout(ctx context.Context) error {
	b.mu.Lock()
	member := b.saved.Node
	b.mu.Unlock()
	if member != nil {
		if err := b.control.Logout(ctx, member.NodeKey); err != nil {
			return err
		}
	}
	b.halt()
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.forget("")
}

// forget drops the membership. The caller holds mu.
func (b *backend) forget(why string) error {
	b.saved.Node = nil
	b.last, b.seen = control.MapResponse{}, time.Time{}
	b.move(local.NeedsLogin, why)
	return errors.Join(b.save(), b.addresses.Remove())
}

// awaitRunning returns once the device runs, or with the reason why it will not.
func (b *backend) awaitRunning(ctx context.Context) error {
	for {
		b.mu.Lock()
		state, failure, moved := b.state, b.failure, b.moved
		b.mu.Unlock()
		switch state {
		case local.Running:
			return nil
		case local.NeedsLogin, local.Stopped:
			if failure == "" {
				failure = "the device is logged out"
			}
			return errors.New(failure)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		}
	}
}
