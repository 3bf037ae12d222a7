package service

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"homelab/lab/machines/guest/control"
	"homelab/lab/machines/guest/process"
	"homelab/lab/machines/guest/unit"
)

// Manager holds the services that have been loaded. Units stay as they were loaded until Reload, as in systemd.
type Manager struct {
	host Host

	mu       sync.Mutex
	services map[string]*Service
	// order is the order in which services were started; they stop in reverse.
	order []*Service
	// closing refuses new starts.
	closing bool
}

// NewManager has no service yet.
func NewManager(host Host) *Manager { return &Manager{host: host, services: map[string]*Service{}} }

// get gives the loaded service, loading it when that has not happened.
func (m *Manager) get(name string) (*Service, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if service := m.services[name]; service != nil {
		return service, nil
	}
	loaded, err := unit.Load(name)
	if err != nil {
		return nil, err
	}
	service := newService(m.host, name, loaded)
	m.services[name] = service
	return service, nil
}

// Reload reads the files of all loaded units again. One that has vanished or is broken keeps its old form while it
// runs and is forgotten otherwise.
func (m *Manager) Reload() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, service := range m.services {
		loaded, err := unit.Load(name)
		service.mu.Lock()
		idle := service.state.active == "inactive"
		if err == nil {
			service.unit, service.loadedAt = loaded, time.Now()
		}
		service.mu.Unlock()
		if err != nil && idle {
			delete(m.services, name)
		}
	}
}

// Start starts a unit after the units that it wants or requires. Targets that every machine reaches count as started.
func (m *Manager) Start(name string) error { return m.start(name, map[string]bool{}) }

func (m *Manager) start(name string, underway map[string]bool) error {
	name = unit.Canonical(name)
	if unit.IsBuiltinTarget(name) || underway[name] {
		return nil
	}
	underway[name] = true
	service, err := m.get(name)
	if err != nil {
		return err
	}
	_, loaded := service.snapshot()
	for _, wanted := range loaded.Wants {
		// Wants= does not make a unit depend on the other's success.
		_ = m.start(wanted, underway)
	}
	for _, required := range loaded.Requires {
		if err := m.start(required, underway); err != nil {
			return &JobError{"dependency"}
		}
	}
	m.mu.Lock()
	if m.closing {
		m.mu.Unlock()
		return &JobError{"canceled"}
	}
	m.order = append(m.order, service)
	m.mu.Unlock()
	return service.Start()
}

// StartEnabled starts what the target wants, each unit after those that it names in After=, the others together.
func (m *Manager) StartEnabled(target string) {
	names := unit.Enabled(target)
	finished := map[string]chan struct{}{}
	for _, name := range names {
		finished[name] = make(chan struct{})
	}
	var all sync.WaitGroup
	for _, name := range names {
		service, err := m.get(name)
		if err != nil {
			m.host.Journal.Append(name, "systemd", 1, "Failed to load: "+err.Error())
			close(finished[name])
			continue
		}
		_, loaded := service.snapshot()
		all.Add(1)
		go func() {
			defer all.Done()
			defer close(finished[name])
			for _, before := range m.predecessors(name, loaded, names) {
				<-finished[before]
			}
			// A unit that does not come up says so in its journal; the boot goes on.
			_ = m.Start(name)
		}()
	}
	all.Wait()
}

// predecessors gives those of names that must be up before the unit; only names that sort consistently are waited
// for, so that two units that each want to be first cannot wait for each other.
func (m *Manager) predecessors(name string, loaded *unit.Service, names []string) []string {
	var before []string
	for _, other := range names {
		if other == name {
			continue
		}
		service, err := m.get(other)
		if err != nil {
			continue
		}
		_, theirs := service.snapshot()
		if orders(loaded.After, other) || orders(theirs.Before, name) {
			if cycle := orders(theirs.After, name) || orders(loaded.Before, other); !cycle {
				before = append(before, other)
			}
		}
	}
	return before
}

func orders(names []string, name string) bool {
	for _, candidate := range names {
		if candidate == name {
			return true
		}
	}
	return false
}

// Shutdown stops all services in reverse order of their starts, then every other process of the machine.
func (m *Manager) Shutdown(ctx context.Context) {
	m.mu.Lock()
	m.closing = true
	order := m.order
	m.mu.Unlock()
	seen := map[*Service]bool{}
	for i := len(order) - 1; i >= 0 && ctx.Err() == nil; i-- {
		if !seen[order[i]] {
			seen[order[i]] = true
			order[i].Stop()
		}
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		changed := m.host.Reaper.Changed()
		if err := process.Signal(process.All(), signal); err != nil {
			os.Stderr.WriteString("shutdown: " + err.Error() + "\n")
		}
		for deadline := time.After(5 * time.Second); len(process.All()) > 0; changed = m.host.Reaper.Changed() {
			select {
			case <-changed:
				continue
			case <-time.After(50 * time.Millisecond):
				continue
			case <-ctx.Done():
			case <-deadline:
			}
			break
		}
	}
}

// reason puts an error into the words of the control protocol.
func reason(err error) control.Answer {
	var failed *JobError
	switch {
	case err == nil:
		return control.Answer{}
	case errors.As(err, &failed) && failed.Result == "canceled":
		return control.Answer{Reason: control.Canceled}
	case errors.As(err, &failed):
		return control.Answer{Reason: control.JobFailed, Result: failed.Result}
	case errors.Is(err, unit.ErrNotFound):
		return control.Answer{Reason: control.NotFound}
	case errors.Is(err, unit.ErrMasked):
		return control.Answer{Reason: control.Masked}
	}
	return control.Answer{Reason: control.BadSetting, Detail: err.Error()}
}
