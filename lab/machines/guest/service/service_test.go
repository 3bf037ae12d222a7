package service

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"homelab/lab/machines/guest/control"
	"homelab/lab/machines/guest/journal"
	"homelab/lab/machines/guest/process"
	"homelab/lab/machines/guest/unit"
)

// One reaper for all tests: it waits for every child of the test program.
var reaper = process.NewReaper()

// unlimited begins a unit that may be started as often as anybody wants.
const unlimited = "[Unit]\nStartLimitIntervalSec=0\n"

type bench struct {
	*Manager
	units, journal string
}

func newBench(t *testing.T, units map[string]string) *bench {
	t.Helper()
	notifyDirectory = t.TempDir()
	b := &bench{units: t.TempDir(), journal: t.TempDir()}
	old := unit.SearchPath
	unit.SearchPath = []string{b.units}
	t.Cleanup(func() { unit.SearchPath = old })
	b.Manager = NewManager(Host{Reaper: reaper, Journal: journal.NewWriter(b.journal, "boot0001")})
	for name, text := range units {
		b.write(t, name, text)
	}
	t.Cleanup(func() {
		for _, s := range b.services {
			s.Stop()
			_ = process.Signal(s.members(), syscall.SIGKILL)
		}
	})
	return b
}

func (b *bench) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.units, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) state(name string) string {
	p := b.properties(name)
	return p["ActiveState"] + "/" + p["SubState"]
}

func (b *bench) await(t *testing.T, what string, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !met(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			entries, _ := journal.Read(b.journal, journal.Query{})
			t.Fatalf("%s did not come; journal: %+v", what, entries)
		}
	}
}

func resultOf(err error) string {
	var failed *JobError
	if errors.As(err, &failed) {
		return failed.Result
	}
	return ""
}

func TestStartFailsWithTheReasonOfTheProcess(t *testing.T) {
	b := newBench(t, map[string]string{
		"code.service":    "[Service]\nType=notify\nExecStart=/bin/sh -c 'exit 3'\n",
		"signal.service":  "[Service]\nType=notify\nExecStart=/bin/sh -c 'kill -9 $$$$'\n",
		"timeout.service": "[Service]\nType=notify\nTimeoutStartSec=100ms\nExecStart=/bin/sleep 100\n",
		"early.service":   "[Service]\nType=notify\nExecStart=/bin/true\n",
		"pre.service":     "[Service]\nType=exec\nExecStartPre=/bin/false\nExecStart=/bin/sleep 100\n",
		"missing.service": "[Service]\nType=exec\nExecStart=/nonexistent/program\n",
		"file.service":    "[Service]\nType=exec\nEnvironmentFile=/nonexistent\nExecStart=/bin/sleep 100\n",
	})
	for name, want := range map[string]string{"code": "exit-code", "signal": "signal", "timeout": "timeout",
		"early": "protocol", "pre": "exit-code", "missing": "exit-code", "file": "resources"} {
		if got := resultOf(b.Start(name + ".service")); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if got := b.state(name + ".service"); got != "failed/failed" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := b.properties("missing.service")["ExecMainStatus"]; got != "203" {
		t.Errorf("status of a missing program: %s", got)
	}
}

func TestAConditionThatDoesNotHoldSkipsTheStartWithoutAFailure(t *testing.T) {
	b := newBench(t, map[string]string{
		"skip.service": "[Service]\nType=exec\nRestart=always\nExecCondition=/bin/true\n" +
			"ExecCondition=/bin/sh -c 'echo Error: the other one is running!; exit 1'\nExecStart=/bin/sleep 100\n",
		"fail.service": "[Service]\nType=exec\nExecCondition=/bin/sh -c 'exit 255'\nExecStart=/bin/sleep 100\n",
		"met.service":  "[Service]\nType=exec\nExecCondition=/bin/true\nExecStart=/bin/sleep 100\n",
	})
	for name, want := range map[string]struct{ result, state string }{
		"skip": {"", "inactive/dead"}, "fail": {"exit-code", "failed/failed"}, "met": {"", "active/running"},
	} {
		if got := resultOf(b.Start(name + ".service")); got != want.result {
			t.Errorf("%s: %q, want %q", name, got, want.result)
		}
		if got := b.state(name + ".service"); got != want.state {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := b.properties("skip.service")["Result"]; got != "exec-condition" {
		t.Errorf("result of a start that was skipped: %s", got)
	}
}

func TestTheLastLinesComeBeforeTheNewsOfTheEnd(t *testing.T) {
	// Nothing outlives these processes, so that only a busy machine needs longer.
	usual := printLimit
	printLimit = time.Minute
	t.Cleanup(func() { printLimit = usual })
	b := newBench(t, map[string]string{
		"p.service": unlimited + "[Service]\nType=notify\nExecStart=/bin/sh -c 'seq 1000; echo broken; exit 3'\n",
		"o.service": unlimited + "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'seq 1000; echo broken; exit 3'\n",
	})
	for name, news := range map[string]string{"p.service": "Main process exited", "o.service": "Control process exited"} {
		for range 10 {
			if got := resultOf(b.Start(name)); got != "exit-code" {
				t.Fatal(got)
			}
		}
		entries, err := journal.Read(b.journal, journal.Query{Units: []string{name}})
		if err != nil {
			t.Fatal(err)
		}
		printed, told := 0, 0
		for _, entry := range entries {
			switch {
			case entry.Message == "broken":
				printed++
			case strings.Contains(entry.Message, news):
				if told++; printed != told {
					t.Errorf("%s: told of end %d after %d lines", name, told, printed)
				}
			}
		}
		if told != 10 {
			t.Errorf("%s: told of %d ends", name, told)
		}
	}
}

func TestNotifyServiceIsUpWhenItSaysSo(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ready")
	b := newBench(t, map[string]string{"n.service": "[Service]\nType=notify\nNotifyAccess=all\nExecStart=/usr/bin/perl -MSocket -e '" +
		"sleep 1; open(F, \">" + mark + "\"); close(F); socket(S, AF_UNIX, SOCK_DGRAM, 0); " +
		"send(S, \"STATUS=fine\\nREADY=1\", 0, sockaddr_un($$ENV{NOTIFY_SOCKET})); sleep 100'\n"})
	if err := b.Start("n.service"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err != nil || b.state("n.service") != "active/running" {
		t.Errorf("%v %s", err, b.state("n.service"))
	}
	if text := b.properties("n.service")["StatusText"]; text != "fine" {
		t.Errorf("status text %q", text)
	}
}

func TestRestartsByPolicyAndStopsForGood(t *testing.T) {
	b := newBench(t, map[string]string{"r.service": "[Service]\nExecStart=/bin/sleep 100\nRestart=always\nRestartSec=50ms\n"})
	if err := b.Start("r.service"); err != nil {
		t.Fatal(err)
	}
	s, _ := b.get("r.service")
	current, _ := s.snapshot()
	if err := syscall.Kill(current.mainPid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	b.await(t, "a restart", func() bool {
		return b.properties("r.service")["NRestarts"] == "1" && b.state("r.service") == "active/running"
	})
	s.Stop()
	if b.state("r.service") != "inactive/dead" {
		t.Error(b.state("r.service"))
	}
}

// The end of a main process is seen in two ways, in /proc and by init, at two moments.
func TestStopHoldsHoweverTheEndIsNoticed(t *testing.T) {
	b := newBench(t, map[string]string{
		"a.service": unlimited + "[Service]\nExecStart=/bin/sleep 100\nRestart=always\nRestartSec=0\n",
		"k.service": unlimited + "[Service]\nExecStart=/bin/sleep 100\nRestart=always\nRestartSec=0\nKillMode=none\n",
	})
	for range 30 {
		for _, name := range []string{"a.service", "k.service"} {
			if err := b.Start(name); err != nil {
				t.Fatal(err)
			}
			s, _ := b.get(name)
			main := s.main
			s.Stop()
			if name == "k.service" {
				if !alive(main) {
					t.Fatal("KillMode=none has killed")
				}
				if err := syscall.Kill(main.Pid, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
			// What the service's own watcher does, here to its end.
			s.watch(main)
			if got := b.state(name); got != "inactive/dead" {
				t.Fatalf("%s: %s", name, got)
			}
		}
	}
}

func TestStopCancelsAStart(t *testing.T) {
	b := newBench(t, map[string]string{"c.service": "[Service]\nExecStartPre=/bin/sleep 100\nExecStart=/bin/sleep 100\n"})
	done := make(chan error, 1)
	go func() { done <- b.Start("c.service") }()
	b.await(t, "the start", func() bool { return b.state("c.service") == "activating/start-pre" })
	s, _ := b.get("c.service")
	s.Stop()
	if got := resultOf(<-done); got != "canceled" || b.state("c.service") != "inactive/dead" {
		t.Errorf("%s %s", got, b.state("c.service"))
	}
}

func TestKillModeSaysWhichProcessesGo(t *testing.T) {
	body := "[Service]\nType=exec\nExecStart=/bin/sh -c 'setsid sleep 100 & exec sleep 100'\nKillMode="
	b := newBench(t, map[string]string{"group.service": body + "control-group\n", "main.service": body + "process\n"})
	for name, left := range map[string]int{"group.service": 0, "main.service": 1} {
		if err := b.Start(name); err != nil {
			t.Fatal(err)
		}
		s, _ := b.get(name)
		b.await(t, "the daemon", func() bool { return len(s.members()) == 2 })
		s.Stop()
		if got := len(s.members()); got != left || b.state(name) != "inactive/dead" {
			t.Errorf("%s: %d processes left, %s", name, got, b.state(name))
		}
	}
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	b := newBench(t, map[string]string{"d.service": "[Service]\nType=exec\nTimeoutStopSec=200ms\nExecStart=/bin/sh -c \"trap '' TERM; echo up; while :; do sleep 1; done\"\n"})
	if err := b.Start("d.service"); err != nil {
		t.Fatal(err)
	}
	b.await(t, "its trap", func() bool {
		entries, _ := journal.Read(b.journal, journal.Query{Contains: "up"})
		return len(entries) > 0
	})
	s, _ := b.get("d.service")
	s.Stop()
	if p := b.properties("d.service"); p["ActiveState"] != "failed" || p["Result"] != "timeout" {
		t.Errorf("%v", p)
	}
}

func TestUnitsStayAsLoadedUntilReload(t *testing.T) {
	b := newBench(t, map[string]string{"s.service": "[Unit]\nDescription=one\n[Service]\nExecStart=/bin/sleep 100\n"})
	if err := b.Start("s.service"); err != nil {
		t.Fatal(err)
	}
	b.write(t, "s.service", "[Unit]\nDescription=two\n[Service]\nExecStart=/bin/sleep 100\n")
	if p := b.properties("s.service"); p["Description"] != "one" || p["NeedDaemonReload"] != "yes" {
		t.Errorf("before: %v", p)
	}
	b.Reload()
	if p := b.properties("s.service"); p["Description"] != "two" || p["NeedDaemonReload"] != "no" {
		t.Errorf("after: %v", p)
	}
}

func TestStartsTooOftenAreRefusedUntilReset(t *testing.T) {
	b := newBench(t, map[string]string{"l.service": "[Unit]\nStartLimitBurst=2\n[Service]\nType=exec\nExecStartPre=/bin/false\nExecStart=/bin/true\n"})
	for _, want := range []string{"exit-code", "exit-code", "start-limit-hit"} {
		if got := resultOf(b.Start("l.service")); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	b.Handle(control.Request{Verb: "reset-failed", Unit: "l.service"})
	if got := resultOf(b.Start("l.service")); got != "exit-code" {
		t.Errorf("after the reset: %s", got)
	}
}

func TestAnswersForUnitsThatAreNotThereOrBroken(t *testing.T) {
	b := newBench(t, map[string]string{"bad.service": "[Service]\nExecStart=/bin/true\nBogus=1\n"})
	if answer := b.Handle(control.Request{Verb: "start", Unit: "no.service"}); answer.Reason != control.NotFound {
		t.Errorf("%+v", answer)
	}
	answer := b.Handle(control.Request{Verb: "start", Unit: "bad.service"})
	if answer.Reason != control.BadSetting || !strings.Contains(answer.Detail, "bad.service:3: [Service] Bogus=") {
		t.Errorf("%+v", answer)
	}
}

func TestStartEnabledHonoursAfter(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "first")
	b := newBench(t, map[string]string{
		"a.service": "[Unit]\nAfter=z.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/cat " + mark + "\n[Install]\nWantedBy=multi-user.target\n",
		"z.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'sleep 0.2; touch " + mark + "'\n[Install]\nWantedBy=multi-user.target\n",
	})
	for _, name := range []string{"a.service", "z.service"} {
		if _, err := unit.Enable(name); err != nil {
			t.Fatal(err)
		}
	}
	b.StartEnabled("multi-user.target")
	if a, z := b.state("a.service"), b.state("z.service"); a != "active/exited" || z != "active/exited" {
		t.Errorf("%s %s", a, z)
	}
}
