package service

import (
	"context"
	"path/filepath"
	"sort"
	"syscall"

	"homelab/lab/machines/guest/control"
	"homelab/lab/machines/guest/process"
	"homelab/lab/machines/guest/unit"
)

// Handle answers systemctl.
func (m *Manager) Handle(request control.Request) control.Answer {
	name := unit.Canonical(request.Unit)
	if suffix := filepath.Ext(name); name != "" && suffix != ".service" && !unit.IsBuiltinTarget(name) {
		if _, err := unit.Find(name); err != nil && request.Verb != "properties" {
			return reason(err)
		} else if err == nil {
			return control.Answer{Reason: control.Unsupported,
				Detail: name + ": the lab's machines run services only, not " + suffix + " units"}
		}
	}
	switch request.Verb {
	case "daemon-reload":
		m.Reload()
		return control.Answer{}
	case "properties":
		return control.Answer{Units: []control.Properties{m.properties(name)}}
	case "list":
		return control.Answer{Units: m.list()}
	case "reset-failed":
		return m.resetFailed(name)
	}
	if unit.IsBuiltinTarget(name) {
		return control.Answer{}
	}
	service, err := m.get(name)
	if err != nil {
		return reason(err)
	}
	answer := m.job(request, service)
	answer.Stale = service.stale()
	return answer
}

func (m *Manager) job(request control.Request, service *Service) control.Answer {
	current, _ := service.snapshot()
	running := current.active == "active" || current.active == "reloading" || current.active == "activating"
	action := func() error { return m.Start(service.name) }
	switch request.Verb {
	case "start":
	case "stop":
		action = func() error { service.Stop(); return nil }
	case "try-restart", "restart":
		if request.Verb == "try-restart" && !running {
			return control.Answer{}
		}
		action = func() error { service.Stop(); return m.Start(service.name) }
	case "reload":
		if current.active != "active" {
			return control.Answer{Reason: control.NotActive}
		}
		action = service.ReloadConfig
	case "kill":
		return reason(process.Signal(service.members(), syscall.Signal(request.Signal)))
	default:
		return control.Answer{Reason: control.Unsupported, Detail: "verb " + request.Verb}
	}
	if request.NoBlock {
		// The outcome is in the unit's state and journal.
		go func() { _ = action() }()
		return control.Answer{}
	}
	return reason(action())
}

// ReloadConfig runs ExecReload=.
func (s *Service) ReloadConfig() error {
	s.job.Lock()
	defer s.job.Unlock()
	current, loaded := s.snapshot()
	if len(loaded.Reload) == 0 || current.active != "active" {
		return &JobError{"not-applicable"}
	}
	s.say("Reloading %s...", s.title(loaded))
	s.set(func(st *state) { st.active, st.sub = "reloading", "reload" })
	ctx, done := withLimit(context.Background(), loaded.TimeoutStart)
	defer done()
	err := s.control(ctx, loaded, loaded.Reload)
	s.set(func(st *state) { st.active, st.sub = "active", "running" })
	if err != nil {
		s.say("Reload failed for %s.", s.title(loaded))
		return &JobError{"exit-code"}
	}
	s.say("Reloaded %s.", s.title(loaded))
	return nil
}

func (m *Manager) resetFailed(name string) control.Answer {
	m.mu.Lock()
	services := make([]*Service, 0, len(m.services))
	for candidate, service := range m.services {
		if name == "" || name == candidate {
			services = append(services, service)
		}
	}
	m.mu.Unlock()
	if name != "" && len(services) == 0 {
		return control.Answer{Reason: control.NotLoaded}
	}
	for _, service := range services {
		service.set(func(st *state) {
			if st.active == "failed" {
				st.active, st.sub = "inactive", "dead"
			}
			st.result, st.restarts = "success", 0
		})
		service.mu.Lock()
		service.starts = nil
		service.mu.Unlock()
	}
	return control.Answer{}
}

func (m *Manager) list() []control.Properties {
	m.mu.Lock()
	names := make([]string, 0, len(m.services))
	for name := range m.services {
		names = append(names, name)
	}
	m.mu.Unlock()
	sort.Strings(names)
	all := make([]control.Properties, len(names))
	for i, name := range names {
		all[i] = m.properties(name)
	}
	return all
}
