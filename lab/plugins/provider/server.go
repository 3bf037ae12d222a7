package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// server implements the protocol; calls that it does not override answer Unimplemented.
type server struct {
	pulumirpc.UnimplementedResourceProviderServer
	provider Provider

	mu   sync.Mutex
	host *sdk.HostClient

	// stopped ends when the engine cancels; operations then stop at their next wait.
	stopped context.Context
	stop    context.CancelFunc
}

func newServer(p Provider, host *sdk.HostClient) *server {
	stopped, stop := context.WithCancel(context.Background())
	return &server{provider: p, host: host, stopped: stopped, stop: stop}
}

// context joins a call's life with the engine's wish to cancel.
func (s *server) context(ctx context.Context) (context.Context, context.CancelFunc) {
	s.mu.Lock()
	host := s.host
	s.mu.Unlock()
	ctx, cancel := context.WithCancel(context.WithValue(ctx, hostKey{}, host))
	unlink := context.AfterFunc(s.stopped, cancel)
	return ctx, func() { unlink(); cancel() }
}

func (s *server) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	host, err := sdk.NewHostClient(req.GetAddress())
	if err != nil {
		return nil, fmt.Errorf("attaching to the engine at %s: %w", req.GetAddress(), err)
	}
	s.mu.Lock()
	s.host = host
	s.mu.Unlock()
	return &emptypb.Empty{}, nil
}

func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	s.stop()
	return &emptypb.Empty{}, nil
}

func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version()}, nil
}

func (s *server) GetSchema(
	context.Context, *pulumirpc.GetSchemaRequest,
) (*pulumirpc.GetSchemaResponse, error) {
	return nil, s.notServed("a schema", "use the official plugin for code generation")
}

func (s *server) CheckConfig(
	_ context.Context, req *pulumirpc.CheckRequest,
) (*pulumirpc.CheckResponse, error) {
	news, err := unmarshal("provider configuration", req.GetNews())
	if err != nil {
		return nil, err
	}
	answer := &pulumirpc.CheckResponse{Inputs: req.GetNews()}
	if s.provider.CheckConfig != nil {
		answer.Failures = failures(s.provider.CheckConfig(news))
	}
	return answer, nil
}

// DiffConfig shows changed settings as an update of the provider; no setting replaces its resources.
func (s *server) DiffConfig(
	_ context.Context, req *pulumirpc.DiffRequest,
) (*pulumirpc.DiffResponse, error) {
	olds, err := unmarshal("old provider configuration", req.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := unmarshal("provider configuration", req.GetNews())
	if err != nil {
		return nil, err
	}
	return Diff{Properties: Compare(olds, news)}.response(), nil
}

func (s *server) Configure(
	ctx context.Context, req *pulumirpc.ConfigureRequest,
) (*pulumirpc.ConfigureResponse, error) {
	config, err := unmarshal("provider configuration", req.GetArgs())
	if err != nil {
		return nil, err
	}
	if s.provider.Configure != nil {
		ctx, done := s.context(ctx)
		defer done()
		if err := s.provider.Configure(ctx, config); err != nil {
			return nil, err
		}
	}
	// Secrets are not accepted: the engine then marks outputs whose inputs of the same name are secret.
	return &pulumirpc.ConfigureResponse{SupportsPreview: true}, nil
}

func (s *server) Invoke(
	ctx context.Context, req *pulumirpc.InvokeRequest,
) (*pulumirpc.InvokeResponse, error) {
	function, ok := s.provider.Functions[req.GetTok()]
	if !ok {
		return nil, s.notServed("the function "+req.GetTok(), served(s.provider.Functions))
	}
	args, err := unmarshal(req.GetTok(), req.GetArgs())
	if err != nil {
		return nil, err
	}
	ctx, done := s.context(ctx)
	defer done()
	result, err := function(ctx, args)
	if err != nil {
		return nil, fmt.Errorf("invoking %s: %w", req.GetTok(), err)
	}
	answer, err := marshal(req.GetTok(), result)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.InvokeResponse{Return: answer}, nil
}

// resource finds the behaviour of a URN's type.
func (s *server) resource(urn string) (Resource, Call, error) {
	parsed := resource.URN(urn)
	token := string(parsed.Type())
	found, ok := s.provider.Resources[token]
	if !ok {
		return nil, Call{}, s.notServed("resources of type "+token, served(s.provider.Resources))
	}
	return found, Call{URN: parsed, Name: parsed.Name()}, nil
}

// notServed is the error for what only the official plugin does.
func (s *server) notServed(what, instead string) error {
	return status.Errorf(codes.Unimplemented,
		"the lab's %s plugin does not serve %s; %s", s.provider.Name, what, instead)
}

// served says what there is of a kind.
func served[T any](byToken map[string]T) string {
	if len(byToken) == 0 {
		return "it serves none"
	}
	return "it serves " + strings.Join(slices.Sorted(maps.Keys(byToken)), ", ")
}

func failures(refused []Failure) []*pulumirpc.CheckFailure {
	var all []*pulumirpc.CheckFailure
	for _, f := range refused {
		all = append(all, &pulumirpc.CheckFailure{Property: f.Property, Reason: f.Reason})
	}
	return all
}

// partial turns an operation's error into the protocol's: with what was made, when something was.
func partial(err error, inputs Map) error {
	var left *Partial
	if !errors.As(err, &left) {
		return err
	}
	state, marshalErr := marshal("state", left.State)
	if marshalErr != nil {
		return errors.Join(err, marshalErr)
	}
	given, marshalErr := plugin.MarshalProperties(inputs, plugin.MarshalOptions{KeepUnknowns: true})
	if marshalErr != nil {
		return errors.Join(err, marshalErr)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, err.Error()),
		&pulumirpc.ErrorResourceInitFailed{
			Id: left.ID, Properties: state, Inputs: given, Reasons: []string{left.Err.Error()},
		})
}
