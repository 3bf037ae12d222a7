package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Reporter shows messages beside a resource in the CLI. The engine's host client is one.
type Reporter interface {
	Log(ctx context.Context, severity diag.Severity, urn resource.URN, message string) error
	LogStatus(ctx context.Context, severity diag.Severity, urn resource.URN, message string) error
}

// kubeProvider serves pulumi.resource.provider for the package kubernetes. One process serves one
// provider resource: Configure is called once, before any resource.
type kubeProvider struct {
	pulumirpc.UnimplementedResourceProviderServer

	reporter Reporter
	// life ends when the engine cancels: waits stop, a Helm operation fails.
	life   context.Context
	cancel context.CancelFunc

	settings settings
	cluster  *cluster
	// unreachable is why the cluster cannot be used; empty when it can. Decided in Configure.
	unreachable string
	charts      *charts
	// definitions are the CRDs seen in Check: they tell the scope of kinds not yet on the server.
	definitions definitions
}

// New returns the plugin, unconfigured. reporter may be nil, which drops messages.
func New(reporter Reporter) pulumirpc.ResourceProviderServer {
	life, cancel := context.WithCancel(context.Background())
	if reporter == nil {
		reporter = silent{}
	}
	return &kubeProvider{reporter: reporter, life: life, cancel: cancel, definitions: definitions{kinds: map[string]bool{}}}
}

type silent struct{}

func (silent) Log(context.Context, diag.Severity, resource.URN, string) error       { return nil }
func (silent) LogStatus(context.Context, diag.Severity, resource.URN, string) error { return nil }

// definitions remembers for "group/Kind" whether it is namespaced.
type definitions struct {
	mutex sync.Mutex
	kinds map[string]bool
}

func (d *definitions) remember(group, kind string, namespaced bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.kinds[group+"/"+kind] = namespaced
}

func (d *definitions) lookup(group, kind string) (namespaced, known bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	namespaced, known = d.kinds[group+"/"+kind]
	return namespaced, known
}

func (*kubeProvider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// GetSchema answers with a schema without types: programs with a generated SDK need none.
func (*kubeProvider) GetSchema(_ context.Context, req *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	if v := req.GetVersion(); v != 0 {
		return nil, fmt.Errorf("unsupported schema version %d", v)
	}
	return &pulumirpc.GetSchemaResponse{
		Schema: fmt.Sprintf(`{"name":"kubernetes","version":%q,"resources":{}}`, Version),
	}, nil
}

func (*kubeProvider) GetMapping(context.Context, *pulumirpc.GetMappingRequest) (*pulumirpc.GetMappingResponse, error) {
	return &pulumirpc.GetMappingResponse{}, nil
}

// Cancel ends every wait and Helm operation in progress. It does not wait for them.
func (p *kubeProvider) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	p.cancel()
	return &emptypb.Empty{}, nil
}

func (*kubeProvider) Attach(_ context.Context, _ *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return nil, status.Error(codes.Unimplemented, "this plugin is started by the engine and cannot be attached to")
}

func (*kubeProvider) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, notServed("the function " + req.GetTok())
}

func (*kubeProvider) Call(_ context.Context, req *pulumirpc.CallRequest) (*pulumirpc.CallResponse, error) {
	return nil, notServed("the method " + req.GetTok())
}

func (*kubeProvider) Construct(_ context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return nil, notServed("the component resource " + req.GetType())
}

// notServed is the error for what only the official plugin does.
func notServed(what string) error {
	return status.Errorf(codes.Unimplemented, "the lab's kubernetes plugin does not serve %s; "+
		"install the official plugin (pulumi plugin install resource kubernetes %s) to use it", what, Version)
}

// report shows a message that stays; say shows one in the resource's status column. A lost engine
// connection must not stop an operation, so their failures end here.
func (p *kubeProvider) report(severity diag.Severity, urn resource.URN, message string) {
	_ = p.reporter.Log(p.life, severity, urn, message)
}

func (p *kubeProvider) say(severity diag.Severity, urn resource.URN, message string) {
	_ = p.reporter.LogStatus(p.life, severity, urn, message)
}

func isRelease(urn resource.URN) bool {
	return urn.Type() == "kubernetes:helm.sh/v3:Release"
}

// unawaited are types that the official plugin waits for: to call them ready at once would pretend.
var unawaited = []string{"kubernetes:core/v1:Pod", "kubernetes:networking.k8s.io/v1:Ingress"}

// refuse names the resource types that this plugin does not manage.
func refuse(urn resource.URN) error {
	token := string(urn.Type())
	_, kind := splitToken(token)
	switch {
	case slices.Contains(unawaited, token):
		return notServed("resources of type " + token + ": it would not wait for them")
	case strings.HasPrefix(token, "kubernetes:helm.sh/"), strings.HasPrefix(token, "kubernetes:kustomize/"),
		strings.HasPrefix(token, "kubernetes:yaml/"), strings.HasPrefix(token, "kubernetes:kustomize:"),
		strings.HasPrefix(token, "kubernetes:yaml:"):
		return notServed("resources of type " + token)
	case isListKind(kind):
		return fmt.Errorf("list resources exist for compatibility with YAML manifests and Helm charts, " +
			"and cannot be created directly. Use the underlying resource type instead")
	}
	return nil
}
