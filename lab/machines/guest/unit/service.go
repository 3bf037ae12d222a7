package unit

import (
	"fmt"
	"strings"
	"time"
)

// Command is one Exec line.
type Command struct {
	// Line is the command as written, without prefixes.
	Line string
	// IgnoreFailure is the `-` prefix, NoExpansion the `:` prefix.
	IgnoreFailure, NoExpansion bool
}

// Infinity is a time limit that never passes.
const Infinity time.Duration = 1<<63 - 1

// Service is a service unit: file and drop-ins together.
type Service struct {
	Name, Description, FragmentPath string
	DropIns                         []string
	After, Before, Wants, Requires  []string
	Conditions                      []string
	StartLimitInterval              time.Duration
	StartLimitBurst                 int

	Type                                               string
	Condition                                          []Command
	StartPre, Start, StartPost, Reload, Stop, StopPost []Command
	Environment                                        []string
	EnvironmentFiles                                   []string
	WorkingDirectory, User, Group, Identifier          string
	Restart, KillMode, KillSignal, NotifyAccess        string
	RestartSec, TimeoutStart, TimeoutStop              time.Duration
	RemainAfterExit, SendSIGKILL                       bool
	SuccessExitStatus                                  []int
	RuntimeDirectories, StateDirectories               []string
	Silent                                             bool

	WantedBy, RequiredBy, Also []string
}

// Load reads a service's file and drop-ins.
// Its error is ErrNotFound, ErrMasked, or says which file and line cannot be honoured.
func Load(name string) (*Service, error) {
	path, err := Find(name)
	if err != nil {
		return nil, err
	}
	service := &Service{
		Name: name, Description: name, FragmentPath: path, DropIns: dropIns(name),
		Restart: "no", KillMode: "control-group", KillSignal: "SIGTERM", SendSIGKILL: true,
		RestartSec: 100 * time.Millisecond, TimeoutStart: 90 * time.Second, TimeoutStop: 90 * time.Second,
		StartLimitInterval: 10 * time.Second, StartLimitBurst: 5,
	}
	assignments, err := parseFiles(append([]string{path}, service.DropIns...))
	if err != nil {
		return nil, err
	}
	timeoutGiven := false
	for _, assignment := range assignments {
		if err := service.assign(assignment); err != nil {
			return nil, fmt.Errorf("%s:%d: [%s] %s=: %w", assignment.File, assignment.Line, assignment.Section, assignment.Key, err)
		}
		timeoutGiven = timeoutGiven || assignment.Key == "TimeoutStartSec" || assignment.Key == "TimeoutSec"
	}
	return service, service.complete(timeoutGiven)
}

func (s *Service) complete(timeoutGiven bool) error {
	if s.Type == "" {
		s.Type = "simple"
		if len(s.Start) == 0 {
			s.Type = "oneshot"
		}
	}
	if s.Type == "oneshot" && !timeoutGiven {
		s.TimeoutStart = Infinity
	}
	if s.NotifyAccess == "" {
		s.NotifyAccess = "none"
		if s.Type == "notify" {
			s.NotifyAccess = "main"
		}
	}
	if s.Type != "oneshot" && len(s.Start) != 1 {
		return fmt.Errorf("%s: Type=%s needs exactly one ExecStart=, not %d", s.FragmentPath, s.Type, len(s.Start))
	}
	return nil
}

// Specifier replaces the %-specifiers of systemd.unit(5) that need no user database.
func (s *Service) specifiers(value string) (string, error) {
	if !strings.Contains(value, "%") {
		return value, nil
	}
	base := strings.TrimSuffix(s.Name, ".service")
	prefix, instance, _ := strings.Cut(base, "@")
	known := map[byte]string{
		'%': "%", 'n': s.Name, 'N': base, 'p': prefix, 'i': instance, 'I': instance,
		't': "/run", 'S': "/var/lib", 'C': "/var/cache", 'L': "/var/log", 'E': "/etc", 'H': hostname(),
	}
	var out strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] != '%' || i+1 == len(value) {
			out.WriteByte(value[i])
			continue
		}
		i++
		text, ok := known[value[i]]
		if !ok {
			return "", fmt.Errorf("specifier %%%c is not supported by the lab's machines", value[i])
		}
		out.WriteString(text)
	}
	return out.String(), nil
}
