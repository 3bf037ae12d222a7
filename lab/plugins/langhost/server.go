// Package langhost is a Pulumi language host for Node.js: it answers the engine's LanguageRuntime
// protocol and runs programs and policy packs with the `node` found on PATH. It stands in for
// pulumi-language-nodejs where the official one cannot be had, and refuses what it does not support.
package langhost

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// healthInterval is how often the engine is asked whether it lives; the host ends when it does not.
const healthInterval = 5 * time.Minute

// Main serves the protocol until the engine goes away or an interrupt arrives. It prints the port
// that it listens on as its first line of standard output.
//
// Protocol: https://github.com/pulumi/pulumi/blob/master/proto/pulumi/language.proto
func Main() error {
	flag.String("tracing", "", "accepted and ignored: the stand-in emits no traces")
	runtime := flag.String("runtime", "nodejs", "the only runtime is nodejs")
	showVersion := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	if *showVersion {
		fmt.Println(version.Version)
		return nil
	}
	if *runtime != "nodejs" {
		return fmt.Errorf("unsupported runtime: %s; this language host runs nodejs only", *runtime)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	host := newServer(ctx, stop, flag.Arg(0))
	if host.engine != "" {
		if err := rpcutil.Healthcheck(ctx, host.engine, healthInterval, stop); err != nil {
			return fmt.Errorf("could not watch the engine at %s: %w", host.engine, err)
		}
	}
	cancel := make(chan bool)
	go func() {
		<-ctx.Done()
		close(cancel)
	}()
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(srv *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(srv, host)
			return nil
		},
		Options: rpcutil.TracingServerInterceptorOptions(nil),
	})
	if err != nil {
		return fmt.Errorf("could not serve the language runtime: %w", err)
	}
	fmt.Printf("%d\n", handle.Port)
	if err := <-handle.Done; err != nil {
		return fmt.Errorf("language runtime stopped serving: %w", err)
	}
	return nil
}

// server implements LanguageRuntime; calls that it does not override answer Unimplemented.
type server struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	// stop ends the whole language host.
	stop context.CancelFunc
	// running ends when the engine cancels; programs are then interrupted.
	running context.Context
	cancel  context.CancelFunc

	mu     sync.Mutex
	engine string

	stdout, stderr io.Writer
}

func newServer(ctx context.Context, stop context.CancelFunc, engine string) *server {
	running, cancel := context.WithCancel(ctx)
	return &server{
		stop: stop, running: running, cancel: cancel, engine: engine,
		stdout: os.Stdout, stderr: os.Stderr,
	}
}

// Handshake tells where the engine listens, and starts to watch it.
func (s *server) Handshake(
	_ context.Context, req *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	if req.GetEngineAddress() == "" {
		return nil, errors.New("handshake without the engine's address")
	}
	s.mu.Lock()
	s.engine = req.GetEngineAddress()
	s.mu.Unlock()
	err := rpcutil.Healthcheck(s.running, req.GetEngineAddress(), healthInterval, s.stop)
	if err != nil {
		return nil, fmt.Errorf("could not watch the engine at %s: %w", req.GetEngineAddress(), err)
	}
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo tells the version of the SDK that this host was built from.
func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

// Cancel interrupts programs that still run.
func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	s.cancel()
	return &emptypb.Empty{}, nil
}

func (s *server) engineAddress() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.engine
}
