package command

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"golang.org/x/crypto/ssh"

	"homelab/lab/plugins/provider"
)

// run executes a text in a session of its own connection and keeps what it prints. It is not cut off by
// a cancellation: the remote process would go on anyway. A failure tells the text and all output.
func (s *commandState) run(ctx context.Context, call provider.Call, text string) (err error) {
	client, err := s.Connection.dial(ctx, call)
	if err != nil {
		return err
	}
	defer func() {
		// The server may have hung up already: what the command said counts.
		_ = client.Close()
	}()
	session, err := client.NewSession()
	if err != nil {
		return err
	}
	if err := s.setEnvironment(ctx, call, session); err != nil {
		return err
	}
	if s.Stdin != nil && *s.Stdin != "" {
		session.Stdin = strings.NewReader(*s.Stdin)
	}

	var stdout, stderr, both bytes.Buffer
	shared := &serialWriter{to: &both}
	lines, shown := io.Pipe()
	show := &serialWriter{to: shown}
	session.Stdout, session.Stderr = io.MultiWriter(&stdout, shared), io.MultiWriter(&stderr, shared)
	if logs(s.Logging, "stdout") {
		session.Stdout = io.MultiWriter(&stdout, shared, show)
	}
	if logs(s.Logging, "stderr") {
		session.Stderr = io.MultiWriter(&stderr, shared, show)
	}
	logged := make(chan error, 1)
	go func() { logged <- logLines(ctx, call, lines) }()

	err = session.Run(text)
	if logErr := errors.Join(shown.Close(), <-logged); logErr != nil && err == nil {
		err = fmt.Errorf("showing the output: %w", logErr)
	}
	if err != nil {
		return fmt.Errorf("%w: running %q:\n%s", err, text, both.String())
	}
	s.Stdout = strings.TrimSuffix(stdout.String(), "\n")
	s.Stderr = strings.TrimSuffix(stderr.String(), "\n")
	return nil
}

// setEnvironment asks the server to set variables: a refusal fails for those of the program, and is only
// a warning for the previous output.
func (s *commandState) setEnvironment(
	ctx context.Context, call provider.Call, session *ssh.Session,
) error {
	for name, value := range s.Environment {
		if err := session.Setenv(name, value); err != nil {
			provider.Log(ctx, call, diag.Error, refusedVariable(name))
			return fmt.Errorf("could not set environment variable %q: %w", name, err)
		}
	}
	if s.AddPreviousOutputInEnv != nil && !*s.AddPreviousOutputInEnv {
		return nil
	}
	for _, previous := range []struct{ name, value string }{
		{"PULUMI_COMMAND_STDOUT", s.Stdout}, {"PULUMI_COMMAND_STDERR", s.Stderr},
	} {
		if previous.value == "" {
			continue
		}
		if err := session.Setenv(previous.name, previous.value); err != nil {
			provider.Log(ctx, call, diag.Warning, refusedVariable(previous.name))
		}
	}
	return nil
}

func refusedVariable(name string) string {
	return fmt.Sprintf("Unable to set '%s'. This only works if your SSH server is configured to accept\n"+
		"\tthese variables via AcceptEnv. Alternatively, if a Bash-like shell runs the command on the "+
		"remote host, you could\n\tprefix the command itself with the variables in the form "+
		"'VAR=value command'", name)
}

// logLines shows each line, and takes all of the input even when a line is too long to show.
func logLines(ctx context.Context, call provider.Call, lines io.Reader) error {
	reader := bufio.NewReader(lines)
	for {
		line, err := reader.ReadString('\n')
		if line != "" {
			provider.LogStatus(ctx, call, diag.Info, strings.ToValidUTF8(strings.TrimSuffix(line, "\n"), "?"))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// serialWriter lets the two outputs of a session share a destination.
type serialWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *serialWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}
