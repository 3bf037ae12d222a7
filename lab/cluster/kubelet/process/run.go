// Package process runs containers as processes of the machine: the pod's command, arguments and
// environment, in namespaces and with a root of the container's own.
package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Spec is a container to start.
type Spec struct {
	Image     Image
	Pod       *corev1.Pod
	Container *corev1.Container
	// Environment are the pod's variables for the container, all resolved.
	Environment map[string]string
	// Mounts are the container's volumes and its files of the pod, such as /etc/resolv.conf.
	Mounts []Mount
	// NetNS is the path of the pod's network namespace; empty for the machine's.
	NetNS    string
	Hostname string
	// Output receives what the program writes; its lines end up in the container's log.
	Output io.Writer
	// Input and Errors are those of a command beside the program: without, it reads nothing, and its errors are output.
	Input  io.Reader
	Errors io.Writer
	// first makes the program number 1 of its namespace.
	first bool
}

// Exit is how a container's program ended. It is an error also when the code is 0: whether an end is a
// failure is the pod's restart policy to say.
type Exit struct {
	Code   int32
	Signal int32
}

func (e Exit) Error() string { return fmt.Sprintf("exit status %d", e.Code) }

// Process is a container's running program.
type Process struct {
	// init is the number of the container's first process, whose first child is the program.
	init int
	done chan struct{}
	exit error
}

// Start starts line, or the container's own command if line is nil, and returns at once. A program
// that does not exist is a StartError.
func Start(s Spec, line []string) (*Process, error) {
	s.Image = s.Image.at(s.Container.Image)
	who, err := s.Image.identity(s.Pod, s.Container)
	if err != nil {
		return nil, err
	}
	if line == nil {
		line = s.Image.commandLine(s.Container, s.Environment)
	}
	if line, err = s.Image.resolve(Directory, line, s.Mounts); err != nil {
		return nil, err
	}
	p := plan{
		line: line, dir: "/", hostname: s.Hostname, netns: s.NetNS, user: who,
		capabilities: capabilitiesOf(s.Container.SecurityContext), mounts: slices.Concat(s.Image.shown(Directory), s.Mounts), shell: s.Image.Shell, first: s.first,
	}
	for _, dir := range []string{s.Image.WorkingDir, s.Container.WorkingDir} {
		if dir != "" {
			p.dir = dir
		}
	}
	if context := s.Container.SecurityContext; context != nil && context.ReadOnlyRootFilesystem != nil {
		p.readOnlyRoot = *context.ReadOnlyRootFilesystem
	}
	for _, directory := range s.Image.Machine {
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return nil, err
		}
		p.mounts = append(p.mounts, Mount{Source: directory, Target: directory})
	}
	return launch(p, s)
}

func launch(p plan, s Spec) (*Process, error) {
	line := p.arguments()
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.Input, s.Output, s.Output
	if s.Errors != nil {
		cmd.Stderr = s.Errors
	}
	cmd.Env = []string{"PATH=" + pathOf(s.Image), "HOSTNAME=" + s.Hostname, "HOME=/"}
	if p.user.id == 0 {
		cmd.Env[2] = "HOME=/root"
	}
	for name, value := range s.Environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	information, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer information.Close()
	cmd.ExtraFiles = []*os.File{write}
	// The copying of the output ends with the program, whoever else has inherited the pipe.
	cmd.WaitDelay = time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
	err = forked(cmd.Start)
	_ = write.Close() // The child has it, or nobody.
	if err != nil {
		return nil, err
	}
	process := &Process{done: make(chan struct{})}
	go func() {
		process.exit = exitOf(cmd.Wait(), cmd)
		close(process.done)
	}()
	var told struct {
		Pid int `json:"child-pid"`
	}
	if err := json.NewDecoder(information).Decode(&told); err != nil {
		<-process.done
		return nil, StartError{fmt.Errorf("%s: %w; its log says why", p.line[0], process.exit)}
	}
	process.init = told.Pid
	return process, nil
}

func pathOf(image Image) string {
	if image.Path != "" {
		return image.Path
	}
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

// fork runs the starts of processes on one thread that never ends: the kernel ends a child with the
// thread that made it.
var fork = sync.OnceValue(func() chan func() {
	calls := make(chan func())
	go func() {
		runtime.LockOSThread()
		for call := range calls {
			call()
		}
	}()
	return calls
})

func forked(start func() error) error {
	result := make(chan error, 1)
	fork() <- func() { result <- start() }
	return <-result
}

func exitOf(err error, cmd *exec.Cmd) error {
	if cmd.ProcessState == nil {
		return err
	}
	// bubblewrap passes a signal on as a shell does.
	code := cmd.ProcessState.ExitCode()
	exit := Exit{Code: int32(code)}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		exit.Code = 128 + int32(status.Signal())
	}
	if exit.Code > 128 {
		exit.Signal = exit.Code - 128
	}
	return exit
}

// Done is closed once nothing of the container runs.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is how the process ended, an Exit; only after Done.
func (p *Process) Err() error { return p.exit }

// Stop asks the program to end, and ends it and all its children when the grace is over.
func (p *Process) Stop(grace time.Duration) error {
	program, err := firstChild(p.init)
	if err == nil && program != 0 {
		err = p.signal(program, syscall.SIGTERM)
	}
	if err != nil {
		return err
	}
	patience, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	select {
	case <-p.done:
		return nil
	case <-patience.Done():
	}
	if err := p.signal(p.init, syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

func (p *Process) signal(number int, signal syscall.Signal) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := syscall.Kill(number, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("cannot signal process %d: %w", number, err)
	}
	return nil
}

// firstChild is the oldest process whose parent has this number; 0 for none.
func firstChild(parent int) (oldest int, err error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	began := uint64(0)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // It has ended.
		}
		// The name, in parentheses, may have spaces: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
		fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
		if len(fields) < 20 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		number, wrong := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		start, wrongStart := strconv.ParseUint(fields[19], 10, 64)
		if wrong == nil && wrongStart == nil && (oldest == 0 || start < began || start == began && number < oldest) {
			oldest, began = number, start
		}
	}
	return oldest, err
}
