package process

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
)

// StartError is containerd's reason for a container whose program cannot be started; the exit code is 128 then.
type StartError struct{ Reason error }

func (e StartError) Error() string {
	return "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: " +
		"unable to start container process: " + e.Reason.Error()
}

func (e StartError) Unwrap() error { return e.Reason }

var errNoCommand = errors.New("no command specified")

// commandLine is what a container starts: its command in place of the image's entrypoint and cmd, its
// args in place of the cmd, both with `$(NAME)` expanded
// (https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/).
func (i Image) commandLine(container *corev1.Container, environment map[string]string) []string {
	mapping := expansion.MappingFuncFor(environment)
	expand := func(list []string) (expanded []string) {
		for _, one := range list {
			expanded = append(expanded, expansion.Expand(one, mapping))
		}
		return expanded
	}
	command, args := i.Entrypoint, i.Cmd
	if len(container.Command) > 0 {
		command, args = expand(container.Command), nil
	}
	if len(container.Args) > 0 {
		args = expand(container.Args)
	}
	return append(append([]string{}, command...), args...)
}

// resolve puts the machine's file in the place of the image's program. What lies on a volume is started as it stands there.
// Other commands are taken from directories of the image's PATH that every container sees, and, in images with a shell, from
// the machine's /usr/bin.
func (i Image) resolve(directory string, line []string, mounts []Mount) ([]string, error) {
	if len(line) == 0 {
		return nil, StartError{errNoCommand}
	}
	for _, mount := range mounts {
		if strings.HasPrefix(path.Clean(line[0]), path.Clean(mount.Target)+"/") {
			return line, nil
		}
	}
	if program, ok := i.program(directory, line[0]); ok {
		if _, err := os.Stat(program); err != nil {
			return nil, StartError{err}
		}
		return append([]string{program}, line[1:]...), nil
	}
	for searched := range strings.SplitSeq(i.Path, ":") {
		file := filepath.Join(searched, line[0])
		if _, err := os.Stat(file); strings.HasPrefix(searched, "/usr/lib/") && !strings.Contains(line[0], "/") && err == nil {
			return append([]string{file}, line[1:]...), nil
		}
	}
	base := filepath.Join("/usr/bin", path.Base(line[0]))
	directoryOf := path.Dir(line[0])
	usual := !strings.Contains(line[0], "/") || directoryOf == "/bin" || directoryOf == "/usr/bin"
	if _, err := os.Stat(base); i.Shell && usual && err == nil {
		return append([]string{base}, line[1:]...), nil
	}
	if strings.Contains(line[0], "/") {
		return nil, StartError{fmt.Errorf("exec: %q: stat %s: no such file or directory", line[0], line[0])}
	}
	return nil, StartError{fmt.Errorf("exec: %q: executable file not found in $PATH", line[0])}
}
