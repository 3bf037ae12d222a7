package service

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"homelab/lab/machines/guest/control"
	"homelab/lab/machines/guest/unit"
)

func timestamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format("Mon 2006-01-02 15:04:05 UTC")
}

// stale says whether a file of the unit is newer than its loaded form.
func (s *Service) stale() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	path, err := unit.Find(s.name)
	if err != nil || path != s.unit.FragmentPath {
		return true
	}
	for _, file := range append([]string{path}, s.unit.DropIns...) {
		if info, err := os.Stat(file); err != nil || info.ModTime().After(s.loadedAt) {
			return true
		}
	}
	return false
}

func yes(value bool) string {
	if value {
		return "yes"
	}
	return "no"
}

func seconds(span time.Duration) string {
	if span == unit.Infinity {
		return "infinity"
	}
	return span.String()
}

// properties gives what is known of a unit, also of one that does not exist.
func (m *Manager) properties(name string) control.Properties {
	base := control.Properties{"Id": name, "Names": name, "Description": name, "LoadState": "loaded",
		"ActiveState": "inactive", "SubState": "dead", "UnitFileState": unit.State(name), "LoadError": ""}
	if unit.IsBuiltinTarget(name) {
		base["ActiveState"], base["SubState"] = "active", "active"
		return base
	}
	service, err := m.get(name)
	switch {
	case errors.Is(err, unit.ErrNotFound):
		base["LoadState"], base["UnitFileState"] = "not-found", ""
	case errors.Is(err, unit.ErrMasked):
		base["LoadState"] = "masked"
	case err != nil:
		base["LoadState"], base["LoadError"] = "bad-setting", err.Error()
	}
	if err != nil {
		return base
	}
	service.fill(base)
	return base
}

func (s *Service) fill(p control.Properties) {
	st, loaded := s.snapshot()
	code := 0
	if st.exited {
		code = 1 // CLD_EXITED
		if st.main.Signal != 0 {
			code = 2 // CLD_KILLED
		}
	}
	status := st.main.Code
	if st.main.Signal != 0 {
		status = int(st.main.Signal)
	}
	for name, value := range map[string]string{
		"Description": loaded.Description, "FragmentPath": loaded.FragmentPath,
		"DropInPaths": strings.Join(loaded.DropIns, " "), "NeedDaemonReload": yes(s.stale()),
		"ActiveState": st.active, "SubState": st.sub, "Result": st.result, "StatusText": st.statusText,
		"InvocationID": st.invocation, "MainPID": strconv.Itoa(st.mainPid), "ExecMainPID": strconv.Itoa(st.execPid),
		"ExecMainCode": strconv.Itoa(code), "ExecMainStatus": strconv.Itoa(status),
		"ExecMainStartTimestamp": timestamp(st.execStarted), "ActiveEnterTimestamp": timestamp(st.activeEnter),
		"ActiveExitTimestamp": timestamp(st.activeExit), "InactiveEnterTimestamp": timestamp(st.inactiveEnter),
		"StateChangeTimestamp": timestamp(st.changed), "NRestarts": strconv.Itoa(st.restarts),
		"Type": loaded.Type, "Restart": loaded.Restart, "KillMode": loaded.KillMode,
		"NotifyAccess": loaded.NotifyAccess, "RestartUSec": seconds(loaded.RestartSec),
		"TimeoutStartUSec": seconds(loaded.TimeoutStart), "TimeoutStopUSec": seconds(loaded.TimeoutStop),
		"RemainAfterExit": yes(loaded.RemainAfterExit), "After": strings.Join(loaded.After, " "),
		"Wants": strings.Join(loaded.Wants, " "), "Requires": strings.Join(loaded.Requires, " "),
		"WantedBy": strings.Join(loaded.WantedBy, " "), "Environment": strings.Join(loaded.Environment, " "),
	} {
		p[name] = value
	}
}
