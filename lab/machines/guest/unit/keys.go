package unit

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// ignored are keys without a meaning in a sandbox that shares its kernel: resource accounting, limits and hardening.
// They change how a service is confined, never whether it works.
var ignored = []string{
	"Documentation", "DefaultDependencies", "Conflicts", "Delegate", "Slice", "Nice", "OOMScoreAdjust", "OOMPolicy",
	"TasksMax", "CPUAccounting", "CPUWeight", "CPUQuota", "MemoryAccounting", "MemoryMax", "MemoryHigh", "IOAccounting",
	"TasksAccounting", "LimitNOFILE", "LimitNPROC", "LimitCORE", "LimitMEMLOCK", "LimitAS", "LimitSTACK",
	"StandardInput", "SyslogFacility", "SyslogLevel", "NoNewPrivileges", "PrivateTmp", "ProtectSystem", "ProtectHome",
	"PrivateDevices", "ProtectKernelModules", "ProtectKernelTunables", "ProtectControlGroups", "ReadWritePaths",
	"CapabilityBoundingSet", "AmbientCapabilities", "RestrictAddressFamilies", "SystemCallFilter", "IgnoreSIGPIPE",
	"LogLevelMax", "LogRateLimitIntervalSec", "LogRateLimitBurst", "RuntimeDirectoryMode", "StateDirectoryMode",
	"GuessMainPID", "CollectMode",
}

var errUnsupported = errors.New("not supported by the lab's machines")

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

func oneOf(target *string, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%q is not supported by the lab's machines; there are %s", value, strings.Join(allowed, ", "))
	}
	*target = value
	return nil
}

func boolean(target *bool, value string) error {
	switch strings.ToLower(value) {
	case "1", "yes", "y", "true", "t", "on":
		*target = true
	case "0", "no", "n", "false", "f", "off":
		*target = false
	default:
		return fmt.Errorf("%q is not a boolean", value)
	}
	return nil
}

// appendWords adds to a list; an empty assignment empties it, as everywhere in systemd.
func appendWords(target *[]string, value string) error {
	if value == "" {
		*target = nil
		return nil
	}
	words, err := Split(value)
	*target = append(*target, words...)
	return err
}

func (s *Service) assign(a Assignment) error {
	if slices.Contains(ignored, a.Key) || strings.HasPrefix(a.Section, "X-") || strings.HasPrefix(a.Key, "X-") {
		return nil
	}
	value, err := s.specifiers(a.Value)
	if err != nil {
		return err
	}
	switch a.Section {
	case "Unit":
		return s.assignUnit(a.Key, value)
	case "Service":
		if strings.HasPrefix(a.Key, "Exec") {
			return s.assignExec(a.Key, value)
		}
		return s.assignService(a.Key, value)
	case "Install":
		switch a.Key {
		case "WantedBy":
			return appendWords(&s.WantedBy, value)
		case "RequiredBy":
			return appendWords(&s.RequiredBy, value)
		case "Also":
			return appendWords(&s.Also, value)
		}
	}
	return errUnsupported
}

func (s *Service) assignUnit(key, value string) error {
	switch key {
	case "Description":
		s.Description = value
		return nil
	case "After":
		return appendWords(&s.After, value)
	case "Before":
		return appendWords(&s.Before, value)
	case "Wants":
		return appendWords(&s.Wants, value)
	case "Requires":
		return appendWords(&s.Requires, value)
	case "ConditionPathExists":
		return appendWords(&s.Conditions, value)
	case "StartLimitIntervalSec", "StartLimitInterval":
		return duration(&s.StartLimitInterval, value)
	case "StartLimitBurst":
		burst, err := strconv.Atoi(value)
		s.StartLimitBurst = burst
		return err
	}
	return errUnsupported
}

func (s *Service) assignExec(key, value string) error {
	lists := map[string]*[]Command{
		"ExecCondition": &s.Condition, "ExecStartPre": &s.StartPre, "ExecStart": &s.Start, "ExecStartPost": &s.StartPost,
		"ExecReload": &s.Reload, "ExecStop": &s.Stop, "ExecStopPost": &s.StopPost,
	}
	list, known := lists[key]
	if !known {
		return errUnsupported
	}
	if value == "" {
		*list = nil
		return nil
	}
	command := Command{Line: value}
	for strings.ContainsAny(command.Line[:1], "-:+!") {
		command.IgnoreFailure = command.IgnoreFailure || command.Line[0] == '-'
		command.NoExpansion = command.NoExpansion || command.Line[0] == ':'
		command.Line = command.Line[1:]
		if command.Line == "" {
			return errors.New("a prefix without a command")
		}
	}
	if command.Line[0] == '@' {
		return errors.New("the prefix @ is not supported by the lab's machines")
	}
	*list = append(*list, command)
	return nil
}

func (s *Service) assignService(key, value string) error {
	switch key {
	case "Type":
		return oneOf(&s.Type, value, "simple", "exec", "notify", "oneshot")
	case "Restart":
		return oneOf(&s.Restart, value, "no", "always", "on-failure", "on-success", "on-abnormal", "on-abort")
	case "KillMode":
		return oneOf(&s.KillMode, value, "control-group", "mixed", "process", "none")
	case "NotifyAccess":
		return oneOf(&s.NotifyAccess, value, "none", "main", "exec", "all")
	case "KillSignal":
		return oneOf(&s.KillSignal, value, "SIGTERM", "SIGINT", "SIGQUIT", "SIGKILL", "SIGHUP")
	case "Environment":
		return appendWords(&s.Environment, value)
	case "EnvironmentFile":
		if value == "" {
			s.EnvironmentFiles = nil
			return nil
		}
		s.EnvironmentFiles = append(s.EnvironmentFiles, value)
		return nil
	case "WorkingDirectory", "User", "Group", "SyslogIdentifier":
		*map[string]*string{"WorkingDirectory": &s.WorkingDirectory, "User": &s.User, "Group": &s.Group,
			"SyslogIdentifier": &s.Identifier}[key] = value
		return nil
	case "RestartSec":
		return duration(&s.RestartSec, value)
	case "TimeoutStartSec":
		return limit(&s.TimeoutStart, value)
	case "TimeoutStopSec":
		return limit(&s.TimeoutStop, value)
	case "TimeoutSec":
		return errors.Join(limit(&s.TimeoutStart, value), limit(&s.TimeoutStop, value))
	case "RemainAfterExit":
		return boolean(&s.RemainAfterExit, value)
	case "SendSIGKILL":
		return boolean(&s.SendSIGKILL, value)
	case "RuntimeDirectory":
		return appendWords(&s.RuntimeDirectories, value)
	case "StateDirectory":
		return appendWords(&s.StateDirectories, value)
	case "StandardOutput", "StandardError":
		var sink string
		err := oneOf(&sink, value, "journal", "inherit", "null", "journal+console")
		s.Silent = key == "StandardOutput" && sink == "null"
		return err
	case "SuccessExitStatus":
		for _, word := range strings.Fields(value) {
			status, err := strconv.Atoi(word)
			if err != nil {
				return fmt.Errorf("%q: only numbers are supported by the lab's machines", word)
			}
			s.SuccessExitStatus = append(s.SuccessExitStatus, status)
		}
		return nil
	}
	return errUnsupported
}
