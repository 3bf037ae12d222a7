package langhost

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

const (
	// runModule is the SDK's entry that connects to the engine and loads the program.
	runModule = "@pulumi/pulumi/cmd/run"

	// exitExplained is the program's exit code when it has already told its user what went wrong.
	exitExplained = 32

	// interruptGrace is how long an interrupted program may take before it is killed.
	interruptGrace = 5 * time.Second
)

// Run executes the program and waits for it. A failing program is an answer, not an error: `error`
// holds the reason, `bail` says that the user has already seen it.
func (s *server) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	if s.engineAddress() == "" {
		return nil, errors.New("Run came before Handshake: the engine's address is unknown")
	}
	if req.GetAttachDebugger() {
		return nil, errors.New("attaching a debugger is not supported by this language host; " +
			"set the runtime option nodeargs to --inspect-brk instead")
	}
	command, err := s.command(ctx, req)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	return outcome(command.Run()), nil
}

// command prepares node with the SDK's runner; it is interrupted when the call or the engine ends it.
func (s *server) command(ctx context.Context, req *pulumirpc.RunRequest) (*exec.Cmd, error) {
	opts, err := parseOptions(req.GetInfo().GetOptions().AsMap())
	if err != nil {
		return nil, err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("could not find node on the $PATH: %w", err)
	}
	runner, err := locate(req.GetInfo().GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	env, err := environment(req, opts)
	if err != nil {
		return nil, err
	}
	args := append(opts.nodeArgs, runner)
	args = append(args, s.arguments(req)...)

	running, cancel := context.WithCancel(s.running)
	context.AfterFunc(ctx, cancel)
	command := exec.CommandContext(running, node, args...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = interruptGrace
	command.Env = env
	// Hiding the files' type makes exec use pipes: Node may switch an inherited file to non-blocking
	// mode, which would break this process's own writes.
	command.Stdout = struct{ io.Writer }{s.stdout}
	command.Stderr = struct{ io.Writer }{s.stderr}
	return command, nil
}

// arguments are the runner's flags, the entry point and the user's own arguments.
func (s *server) arguments(req *pulumirpc.RunRequest) []string {
	var args []string
	flag := func(name, value string) {
		if value != "" {
			args = append(args, "--"+name, value)
		}
	}
	flag("monitor", req.GetMonitorAddress())
	flag("engine", s.engineAddress())
	flag("organization", req.GetOrganization())
	flag("project", req.GetProject())
	flag("root-directory", req.GetInfo().GetRootDirectory())
	flag("stack", req.GetStack())
	flag("pwd", req.GetInfo().GetProgramDirectory())
	if req.GetDryRun() {
		args = append(args, "--dry-run")
	}
	flag("parallel", strconv.Itoa(int(req.GetParallel())))
	args = append(args, req.GetInfo().GetEntryPoint())
	return append(args, req.GetArgs()...)
}

// environment is this process's own plus the stack's config, in the form that the SDK reads.
func environment(req *pulumirpc.RunRequest, opts options) ([]string, error) {
	values := make(map[string]string, len(req.GetConfig()))
	for name, value := range req.GetConfig() {
		key, err := config.ParseKey(name)
		if err != nil {
			return nil, fmt.Errorf("stack config key %q: %w", name, err)
		}
		values[key.Namespace()+":config:"+key.Name()] = value
	}
	configuration, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("failed to serialize configuration: %w", err)
	}
	secretKeys := req.GetConfigSecretKeys()
	if secretKeys == nil {
		secretKeys = []string{}
	}
	secrets, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, fmt.Errorf("failed to serialize configuration secret keys: %w", err)
	}
	env := append(os.Environ(),
		"PULUMI_CONFIG="+string(configuration), "PULUMI_CONFIG_SECRET_KEYS="+string(secrets))
	return append(env, opts.environment()...), nil
}

// locate finds the runner as Node resolves modules: in node_modules of the folder and of its parents.
func locate(programDir string) (string, error) {
	if path, ok := resolvePackage(programDir, "@pulumi/pulumi"); ok {
		return filepath.Join(path, "cmd", "run", "index.js"), nil
	}
	return "", fmt.Errorf("no %s in node_modules of %s or its parents: "+
		"the Pulumi SDK has not been installed; run pulumi install", runModule, programDir)
}

// outcome turns the program's end into the engine's answer.
func outcome(err error) *pulumirpc.RunResponse {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}
	case !errors.As(err, &exit):
		return &pulumirpc.RunResponse{
			Error: fmt.Sprintf("Problem executing program (could not run language executor): %v", err),
		}
	case exit.ExitCode() == exitExplained:
		return &pulumirpc.RunResponse{Bail: true}
	case exit.ExitCode() < 0:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("Program ended by a signal: %v", exit)}
	default:
		return &pulumirpc.RunResponse{
			Error: fmt.Sprintf("Program exited with non-zero exit code: %d", exit.ExitCode()),
		}
	}
}
