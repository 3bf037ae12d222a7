package langhost

import (
	"context"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// packFolder is a policy pack whose SDK's runner is the script given.
func packFolder(t *testing.T, runner string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir+"/PulumiPolicy.yaml", "runtime: nodejs\n")
	write(t, dir+"/package.json", `{"name":"pack","version":"1.0.0"}`)
	write(t, dir+"/node_modules/@pulumi/pulumi/package.json", `{"name":"@pulumi/pulumi"}`)
	write(t, dir+"/node_modules/@pulumi/pulumi/cmd/run-policy-pack/index.js", runner)
	return dir
}

// nodeAs puts a `node` on PATH that runs shell scripts.
func nodeAs(t *testing.T, interpreter string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(interpreter, dir+"/node"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// host serves this language host to a client.
func host(t *testing.T) pulumirpc.LanguageRuntimeClient {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer()
	pulumirpc.RegisterLanguageRuntimeServer(srv, newServer(ctx, stop, ""))
	go func() { _ = srv.Serve(listener) }() // ends with Stop
	t.Cleanup(srv.Stop)
	return pulumirpc.NewLanguageRuntimeClient(dial(t, listener.Addr().String()))
}

func dial(t *testing.T, address string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // nothing is written through it any more
	return conn
}

func runPack(
	t *testing.T, dir string, kind string,
) grpc.ServerStreamingClient[pulumirpc.RunPluginResponse] {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	stream, err := host(t).RunPlugin(ctx, &pulumirpc.RunPluginRequest{
		Kind: kind, Pwd: "/", Args: []string{"127.0.0.1:1"}, Env: []string{"PATH=" + os.Getenv("PATH"), "GIVEN=1"},
		Info: &pulumirpc.ProgramInfo{ProgramDirectory: dir, RootDirectory: dir},
	})
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// proxyOf reads the port that the engine is to call.
func proxyOf(
	t *testing.T, stream grpc.ServerStreamingClient[pulumirpc.RunPluginResponse],
) pulumirpc.AnalyzerClient {
	t.Helper()
	first, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(strings.TrimSpace(string(first.GetStdout())))
	if err != nil {
		t.Fatalf("the first output is no port: %q", first.GetStdout())
	}
	return pulumirpc.NewAnalyzerClient(dial(t, "127.0.0.1:"+strconv.Itoa(port)))
}

// end collects what a pack wrote on stderr, and how it ended.
func end(stream grpc.ServerStreamingClient[pulumirpc.RunPluginResponse]) (string, error) {
	var stderr strings.Builder
	for {
		answer, err := stream.Recv()
		if err != nil {
			return stderr.String(), err
		}
		stderr.Write(answer.GetStderr())
	}
}

func TestOnlyPolicyPacksRunAsPlugins(t *testing.T) {
	_, err := end(runPack(t, t.TempDir(), "resource"))
	if err == nil || !strings.Contains(err.Error(), `kind "resource" is not supported`) {
		t.Errorf("got %v", err)
	}
}

func TestPackWithoutItsSDKSaysWhatToDo(t *testing.T) {
	_, err := end(runPack(t, t.TempDir(), "analyzer"))
	if err == nil || !strings.Contains(err.Error(), "run npm install") {
		t.Errorf("got %v", err)
	}
}

func TestPackRunsInItsFolderAndKnowsItsStack(t *testing.T) {
	nodeAs(t, "/bin/sh")
	dir := packFolder(t, `
		echo "folder=$(pwd) args=$2,$1 given=$GIVEN" >&2
		echo "stack=$PULUMI_NODEJS_STACK dry=$PULUMI_NODEJS_DRY_RUN config=$PULUMI_CONFIG" >&2
		exit 7`)
	stream := runPack(t, dir, "analyzer")
	proxy := proxyOf(t, stream)
	_, err := proxy.ConfigureStack(t.Context(), &pulumirpc.AnalyzerStackConfigureRequest{
		Stack: "home", Project: "homelab", DryRun: true, Config: map[string]string{"homelab:site": "{}"},
	})
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := end(stream)
	want := []string{
		"folder=" + dir + " args=" + dir + ",127.0.0.1:1 given=1",
		`stack=home dry=true config={"homelab:site":"{}"}`,
	}
	if lines := strings.Split(strings.TrimSpace(stderr), "\n"); !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	if status.Code(err) != codes.Unknown || !strings.Contains(err.Error(), "policy pack in "+dir) {
		t.Errorf("got %v", err)
	}
}

func TestCallsOfTheEngineReachThePack(t *testing.T) {
	nodeAs(t, "/bin/sh")
	pack := grpc.NewServer()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pulumirpc.RegisterAnalyzerServer(pack, &knownPack{})
	go func() { _ = pack.Serve(listener) }() // ends with Stop
	t.Cleanup(pack.Stop)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	stream := runPack(t, packFolder(t, "echo "+port+"; exec sleep 20"), "analyzer")
	proxy := proxyOf(t, stream)
	if _, err := proxy.ConfigureStack(t.Context(), &pulumirpc.AnalyzerStackConfigureRequest{}); err != nil {
		t.Fatal(err)
	}
	info, err := proxy.GetAnalyzerInfo(t.Context(), &emptypb.Empty{})
	if err != nil || info.GetName() != "known" {
		t.Errorf("got %v, %v", info, err)
	}
}

type knownPack struct {
	pulumirpc.UnimplementedAnalyzerServer
}

func (*knownPack) GetAnalyzerInfo(
	context.Context, *emptypb.Empty,
) (*pulumirpc.AnalyzerInfo, error) {
	return &pulumirpc.AnalyzerInfo{Name: "known"}, nil
}
