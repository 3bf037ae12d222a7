package langhost

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// InstallDependencies runs npm in the folder of the program's package.json: `npm ci` where a lock file
// pins the packages, else `npm install`.
func (s *server) InstallDependencies(
	req *pulumirpc.InstallDependenciesRequest,
	stream pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	opts, err := parseOptions(req.GetInfo().GetOptions().AsMap())
	if err != nil {
		return err
	}
	root, err := packageRoot(req.GetInfo().GetProgramDirectory())
	if err != nil {
		return err
	}
	if root == "" {
		return fmt.Errorf("no package.json in %s or its parents", req.GetInfo().GetProgramDirectory())
	}
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(stream, req.GetIsTerminal())
	if err != nil {
		return fmt.Errorf("streaming npm's output: %w", err)
	}
	args := []string{"install"}
	if locks, err := filepath.Glob(filepath.Join(root, "package-lock.json")); err != nil {
		return err
	} else if len(locks) > 0 {
		args = []string{"ci"}
	}
	if opts.production {
		args = append(args, "--omit=dev")
	}
	npm := exec.CommandContext(stream.Context(), "npm", args...)
	npm.Dir = root
	npm.Stdout, npm.Stderr = stdout, stderr
	if err := npm.Run(); err != nil {
		_ = closer.Close() // the failure of npm is what matters
		return fmt.Errorf("npm %s in %s: %w", strings.Join(args, " "), root, err)
	}
	return closer.Close()
}

// RuntimeOptionsPrompts asks nothing: `pulumi new` needs no choice where npm is the only one.
func (s *server) RuntimeOptionsPrompts(
	context.Context, *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

// About tells which node and npm would be used.
func (s *server) About(
	ctx context.Context, _ *pulumirpc.AboutRequest,
) (*pulumirpc.AboutResponse, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, fmt.Errorf("could not find node on the $PATH: %w", err)
	}
	version, err := exec.CommandContext(ctx, node, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --version: %w", node, err)
	}
	metadata := map[string]string{"packagemanager": "npm", "languagehost": "homelab stand-in"}
	if npm, err := exec.CommandContext(ctx, "npm", "--version").Output(); err == nil {
		metadata["packagemanagerVersion"] = strings.TrimSpace(string(npm))
	}
	return &pulumirpc.AboutResponse{
		Executable: node,
		Version:    strings.TrimSpace(string(version)),
		Metadata:   metadata,
	}, nil
}
