package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// buffer takes the output of a process while a test reads it.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(content []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(content)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *buffer) await(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !strings.Contains(b.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%q is not in %q", text, b.String())
		}
	}
}

var shell = Image{Shell: true, Entrypoint: []string{"/bin/sh", "-c"}}

func script(text string) Spec {
	return Spec{
		Image: shell, Pod: &corev1.Pod{}, Container: &corev1.Container{Name: "main", Args: []string{text}}, Hostname: "pod-0",
		Output: &buffer{},
	}
}

// run gives what the container has written and how it has ended.
func run(t *testing.T, s Spec) (string, error) {
	t.Helper()
	running, err := Start(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-running.Done():
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end")
	}
	return s.Output.(*buffer).String(), running.Err()
}

// asRoot runs the test again as root of a user namespace where it is not root already, as the lab does.
func asRoot(t *testing.T) bool {
	t.Helper()
	if os.Getuid() == 0 {
		return true
	}
	command := exec.Command("unshare", "--user", "--map-root-user", "--map-auto", "--mount", "--propagation", "private",
		os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return false
}

func TestAContainerSeesItsOwnWorldOnly(t *testing.T) {
	if !asRoot(t) {
		return
	}
	config := t.TempDir()
	if err := os.WriteFile(filepath.Join(config, "key"), []byte("value\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := script("echo pid $$$$ on `uname -n` as `id -u`:`id -g`:`id -G`; cat /etc/conf/key; echo x > /etc/conf/key; ls -d /root /home; echo $WHO $(WHO); touch /tmp/mine && echo written")
	s.Container.Command = []string{"sh", "-c"}
	s.Environment = map[string]string{"WHO": "me"}
	s.Mounts = []Mount{{Source: config, Target: "/etc/conf", ReadOnly: true}}
	id, group := int64(65532), int64(2000)
	s.Pod.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: &id, RunAsGroup: &id, FSGroup: &group}
	output, err := run(t, s)
	for _, text := range []string{"pid 2 on pod-0 as 65532:65532:65532 2000", "value\n", "Read-only file system", "me me", "written"} {
		if !strings.Contains(output, text) {
			t.Errorf("%q is not in what it says: %s", text, output)
		}
	}
	if strings.Contains(output, "\n/root") || strings.Contains(output, "\n/home") {
		t.Errorf("it sees the machine's directories: %s", output)
	}
	if !errors.Is(err, Exit{}) {
		t.Error(err)
	}
}

func TestACommandThatTheImageDoesNotHaveIsAStartError(t *testing.T) {
	s := script("")
	s.Image = Image{Programs: map[string]string{"/manager": "absent"}, Entrypoint: []string{"/manager"}}
	for _, line := range [][]string{{"/usr/bin/manager"}, {"bash"}, nil} {
		_, err := Start(s, line)
		if !errors.As(err, new(StartError)) {
			t.Errorf("%v: %v", line, err)
		}
	}
}

func TestAnExitCodeAndASignalAreTold(t *testing.T) {
	if !asRoot(t) {
		return
	}
	if _, err := run(t, script("exit 3")); !errors.Is(err, Exit{Code: 3}) {
		t.Error(err)
	}
	if _, err := run(t, script("sh -c 'kill -9 $$$$'; exit $?")); !errors.Is(err, Exit{Code: 137, Signal: 9}) {
		t.Error(err)
	}
}

func TestStopAsksFirstAndThenEndsTheChildrenToo(t *testing.T) {
	if !asRoot(t) {
		return
	}
	polite := script("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done")
	stop(t, polite, 10*time.Second)
	if output := polite.Output.(*buffer).String(); !strings.Contains(output, "bye") {
		t.Errorf("it was not asked: %q", output)
	}
	stubborn := script("trap '' TERM; sleep 347.5 & echo up; while :; do sleep 0.05; done")
	stop(t, stubborn, 100*time.Millisecond)
	awaitNone(t, "347.5")
	// A child that the program leaves behind ends with it.
	if _, err := run(t, script("sleep 347.5 & exit 0")); !errors.Is(err, Exit{}) {
		t.Error(err)
	}
	awaitNone(t, "347.5")
}

func stop(t *testing.T, s Spec, grace time.Duration) {
	t.Helper()
	running, err := Start(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Output.(*buffer).await(t, "up")
	if err := running.Stop(grace); err != nil {
		t.Fatal(err)
	}
}

func processesWith(t *testing.T, word string) (count int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err == nil && bytes.Contains(content, []byte(word)) && !strings.Contains(file, "/"+strconv.Itoa(os.Getpid())+"/") {
			count++
		}
	}
	return count
}

// TestHelperIsKilled is no test of its own but a kubelet that dies.
func TestHelperIsKilled(t *testing.T) {
	if os.Getenv("PROCESS_HELPER") == "" {
		return
	}
	s := script("echo up; sleep 348.5 & sleep 348.5")
	id := int64(1000)
	s.Pod.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: &id}
	if _, err := Start(s, nil); err != nil {
		t.Fatal(err)
	}
	s.Output.(*buffer).await(t, "up")
	if _, err := fmt.Println("up"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
}

func TestNothingOutlivesTheKubelet(t *testing.T) {
	if !asRoot(t) {
		return
	}
	helper := exec.Command(os.Args[0], "-test.run", "^TestHelperIsKilled$")
	helper.Env = append(os.Environ(), "PROCESS_HELPER=1")
	said := &buffer{}
	helper.Stdout = said
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	said.await(t, "up")
	if processesWith(t, "348.5") == 0 {
		t.Error("the container does not run")
	}
	if err := helper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := helper.Wait(); err == nil {
		t.Error("it was not killed")
	}
	awaitNone(t, "348.5")
}

// awaitNone waits until the kernel has ended the processes with this word.
func awaitNone(t *testing.T, word string) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); processesWith(t, word) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("processes with %s are left", word)
		}
	}
}

func TestExecRunsBesideTheProgram(t *testing.T) {
	if !asRoot(t) {
		return
	}
	s := script("")
	if output, err := Exec(t.Context(), s, []string{"sh", "-c", "echo here; exit 4"}); output != "here" || err == nil {
		t.Errorf("%q, %v", output, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := Exec(short, s, []string{"sleep", "30"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
