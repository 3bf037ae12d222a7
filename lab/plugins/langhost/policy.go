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

	"github.com/pulumi/pulumi/sdk/v3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// RunPlugin runs a policy pack that is written for Node.js, and streams what it prints until it ends. The
// engine talks to the SDK's proxy, because the pack learns which stack it judges from its environment,
// which is complete only once the engine has told the proxy. Plugins of other kinds are refused.
func (s *server) RunPlugin(
	req *pulumirpc.RunPluginRequest, stream pulumirpc.LanguageRuntime_RunPluginServer,
) error {
	if kind := req.GetKind(); kind != string(apitype.AnalyzerPlugin) {
		return fmt.Errorf("running a plugin of the kind %q is not supported by this language host; "+
			"it runs policy packs (%q)", kind, apitype.AnalyzerPlugin)
	}
	if req.GetAttachDebugger() {
		return errors.New("attaching a debugger to a policy pack is not supported by this language host")
	}
	closer, stdout, stderr, err := rpcutil.MakeRunPluginStreams(stream, false)
	if err != nil {
		return fmt.Errorf("streaming the policy pack's output: %w", err)
	}
	if err := s.runPolicyPack(stream.Context(), req, stdout, stderr); err != nil {
		_ = closer.Close() // why the pack failed is what matters
		return fmt.Errorf("policy pack in %s: %w", req.GetInfo().GetProgramDirectory(), err)
	}
	return closer.Close()
}

func (s *server) runPolicyPack(
	ctx context.Context, req *pulumirpc.RunPluginRequest, stdout, stderr io.Writer,
) error {
	command, err := policyCommand(ctx, req)
	if err != nil {
		return err
	}
	proxy, packOutput, err := sdk.NewPolicyProxy(ctx, stdout)
	if err != nil {
		return fmt.Errorf("starting the proxy before it: %w", err)
	}
	stack, err := proxy.AwaitConfiguration(ctx)
	if err != nil {
		return fmt.Errorf("learning which stack it judges: %w", err)
	}
	variables, err := stackVariables(stack)
	if err != nil {
		return err
	}
	command.Env = append(command.Env, variables...)
	command.Stdout, command.Stderr = packOutput, stderr
	if err := command.Start(); err != nil {
		return fmt.Errorf("could not run language executor: %w", err)
	}
	return packOutcome(ctx, proxy.Attach(ctx, command))
}

// policyCommand prepares node with the SDK's runner of policy packs. A pack works in its own folder.
func policyCommand(ctx context.Context, req *pulumirpc.RunPluginRequest) (*exec.Cmd, error) {
	opts, err := parseOptions(req.GetInfo().GetOptions().AsMap())
	if err != nil {
		return nil, err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("could not find node on the $PATH: %w", err)
	}
	folder := req.GetInfo().GetProgramDirectory()
	sdkFolder, ok := resolvePackage(folder, "@pulumi/pulumi")
	if !ok {
		return nil, fmt.Errorf("no @pulumi/pulumi in node_modules of %s or its parents: "+
			"its dependencies are not installed; run npm install", folder)
	}
	args := append(opts.nodeArgs, filepath.Join(sdkFolder, "cmd", "run-policy-pack", "index.js"))
	args = append(args, req.GetArgs()...)
	command := exec.CommandContext(ctx, node, append(args, folder)...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = interruptGrace
	command.Dir = folder
	command.Env = append(req.GetEnv(), opts.environment()...)
	return command, nil
}

// stackVariables tell the pack's SDK which stack it judges; none where the engine judges no stack.
func stackVariables(stack *pulumirpc.AnalyzerStackConfigureRequest) ([]string, error) {
	if stack == nil {
		return nil, nil
	}
	var variables []string
	set := func(name, value string) {
		if value != "" {
			variables = append(variables, name+"="+value)
		}
	}
	set("PULUMI_NODEJS_ORGANIZATION", stack.GetOrganization())
	set("PULUMI_NODEJS_PROJECT", stack.GetProject())
	set("PULUMI_NODEJS_STACK", stack.GetStack())
	set("PULUMI_NODEJS_DRY_RUN", strconv.FormatBool(stack.GetDryRun()))
	if stack.GetConfig() != nil {
		config, err := json.Marshal(stack.GetConfig())
		if err != nil {
			return nil, fmt.Errorf("failed to serialize the stack's configuration: %w", err)
		}
		set("PULUMI_CONFIG", string(config))
	}
	return variables, nil
}

// packOutcome is nil for a pack that the engine ended, which is how every pack ends.
func packOutcome(ctx context.Context, err error) error {
	var exit *exec.ExitError
	switch {
	case err == nil || ctx.Err() != nil:
		return nil
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		return fmt.Errorf("program exited with non-zero exit code: %d", exit.ExitCode())
	default:
		return fmt.Errorf("program ended unexpectedly: %w", err)
	}
}
