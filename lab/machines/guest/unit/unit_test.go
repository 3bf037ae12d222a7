package unit

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// place makes a search path of one directory with the files in it.
func place(t *testing.T, files map[string]string) string {
	t.Helper()
	directory := t.TempDir()
	old := SearchPath
	SearchPath = []string{directory}
	t.Cleanup(func() { SearchPath = old })
	for name, text := range files {
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

const rke2 = `[Unit]
Description=Rancher Kubernetes Engine v2 (server)
Documentation=https://github.com/rancher/rke2#readme
Wants=network-online.target
After=network-online.target
Conflicts=rke2-agent.service

[Install]
WantedBy=multi-user.target

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=-/usr/local/lib/systemd/system/%N.env
KillMode=process
Delegate=yes
LimitNOFILE=1048576
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=/bin/sh -xc '! /usr/bin/systemctl is-enabled --quiet nm-cloud-setup.service'
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStart=/usr/local/bin/rke2 server
ExecStopPost=-/bin/sh -c "systemd-cgls /system.slice/%n | grep -Eo '[0-9]+ (containerd|kubelet)' | awk '{print $1}' | xargs -r kill"
`

func TestLoadsTheServerUnitOfRKE2(t *testing.T) {
	place(t, map[string]string{"rke2-server.service": rke2})
	s, err := Load("rke2-server.service")
	if err != nil {
		t.Fatal(err)
	}
	if s.Type != "notify" || s.NotifyAccess != "main" || s.KillMode != "process" || s.Restart != "always" {
		t.Errorf("types: %+v", s)
	}
	if s.TimeoutStart != Infinity || s.RestartSec != 5*time.Second {
		t.Errorf("times: %v %v", s.TimeoutStart, s.RestartSec)
	}
	if s.EnvironmentFiles[2] != "-/usr/local/lib/systemd/system/rke2-server.env" {
		t.Errorf("specifier: %v", s.EnvironmentFiles)
	}
	if !s.StartPre[1].IgnoreFailure || s.StartPre[0].IgnoreFailure {
		t.Errorf("prefixes: %+v", s.StartPre)
	}
	words, err := s.StartPre[0].Arguments(nil)
	if want := []string{"/bin/sh", "-xc", "! /usr/bin/systemctl is-enabled --quiet nm-cloud-setup.service"}; err != nil || !reflect.DeepEqual(words, want) {
		t.Errorf("words: %q %v", words, err)
	}
}

func TestRefusesWhatItCannotHonour(t *testing.T) {
	for text, want := range map[string]string{
		"[Service]\nExecStart=/bin/true\nWatchdogSec=3\n": "x.service:3: [Service] WatchdogSec=: not supported",
		"[Service]\nType=forking\nExecStart=/bin/true\n":  `"forking" is not supported`,
		"[Service]\nType=exec\n":                          "needs exactly one ExecStart=",
		"[Service]\nExecStart=/bin/true\nUser=%u\n":       "specifier %u is not supported",
		"nonsense\n": "neither a section nor an assignment",
		"[Service]\nExecStart=/bin/true\nRestartSec=3 parsec\n": "is not a time span",
	} {
		place(t, map[string]string{"x.service": text})
		if _, err := Load("x.service"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestDropInsChangeAndResetSettings(t *testing.T) {
	place(t, map[string]string{
		"x.service":             "[Service]\nExecStart=/bin/a\nEnvironment=A=1 B=2\n",
		"x.service.d/20-b.conf": "[Service]\nExecStart=\nExecStart=/bin/b\n",
		"x.service.d/10-a.conf": "[Service]\nExecStart=\nExecStart=/bin/c\nEnvironment=\"C=3 4\"\n",
	})
	s, err := Load("x.service")
	if err != nil || len(s.Start) != 1 || s.Start[0].Line != "/bin/b" {
		t.Fatalf("%+v %v", s, err)
	}
	if want := []string{"A=1", "B=2", "C=3 4"}; !reflect.DeepEqual(s.Environment, want) {
		t.Errorf("environment %q", s.Environment)
	}
}

func TestEnableLinksAndDisableRemoves(t *testing.T) {
	directory := place(t, map[string]string{"x.service": "[Service]\nExecStart=/bin/a\n[Install]\nWantedBy=multi-user.target\n"})
	if State("x.service") != "disabled" {
		t.Error("not disabled at first")
	}
	said, err := Enable("x.service")
	if err != nil || len(said) != 1 || !strings.HasPrefix(said[0], "Created symlink '"+directory+"/multi-user.target.wants/x.service' → ") {
		t.Errorf("%q %v", said, err)
	}
	if said, err := Enable("x.service"); err != nil || len(said) != 0 || State("x.service") != "enabled" {
		t.Errorf("again: %q %v", said, err)
	}
	if got := Enabled("multi-user.target"); !reflect.DeepEqual(got, []string{"x.service"}) {
		t.Errorf("enabled: %v", got)
	}
	if _, err := Disable("x.service"); err != nil || State("x.service") != "disabled" {
		t.Errorf("disable: %v", err)
	}
	if _, err := Enable("y.service"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	if _, err := Mask("z.service"); err != nil || State("z.service") != "masked" {
		t.Errorf("mask: %v", err)
	}
}

func TestExpandsVariables(t *testing.T) {
	c := Command{Line: `/bin/x $ARGS "${ONE}/y" $$HOME a$ONE`}
	got, err := c.Arguments(map[string]string{"ARGS": "a  b", "ONE": "1 2"})
	if want := []string{"/bin/x", "a", "b", "1 2/y", "$HOME", "a$ONE"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%q %v", got, err)
	}
}

func TestReadsEnvironmentFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(path, []byte("# c\nA=1\nB=\"x y\"\nC=plain words\nnot one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Service{Environment: []string{"A=0"}, EnvironmentFiles: []string{path, "-/nonexistent/file"}}
	got, err := s.Variables()
	if err != nil || got["A"] != "1" || got["B"] != "x y" || got["C"] != "plain words" {
		t.Errorf("%v %v", got, err)
	}
	s.EnvironmentFiles = []string{"/nonexistent/file"}
	if _, err := s.Variables(); err == nil {
		t.Error("a missing file without - must fail")
	}
}

func TestParsesTimeSpans(t *testing.T) {
	for text, want := range map[string]time.Duration{"90": 90 * time.Second, "5min 20s": 320 * time.Second, "500ms": time.Second / 2, "infinity": Infinity} {
		if got, err := ParseSpan(text); err != nil || got != want {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
}
