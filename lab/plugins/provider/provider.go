// Package provider serves Pulumi's ResourceProvider protocol for the stand-in plugins: a plugin says
// what its resources do in terms of plain property maps, and this package speaks gRPC.
package provider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Map holds properties without secrets (the engine marks what was secret in the inputs again), but
// with unknowns during a preview.
type Map = resource.PropertyMap

// Provider is what a plugin offers.
type Provider struct {
	// Name of the package, for example "random".
	Name string
	// Resources by type token, for example "random:index/randomPassword:RandomPassword".
	Resources map[string]Resource
	// Functions by token. They are not called with unknown arguments.
	Functions map[string]func(context.Context, Map) (Map, error)
	// CheckConfig may refuse the provider's configuration; nil accepts everything.
	CheckConfig func(Map) []Failure
	// Configure takes the checked configuration; unknown values are possible during a preview.
	Configure func(context.Context, Map) error
}

// Resource is the life of one resource type. Errors are shown to the user as they are.
type Resource interface {
	// Check fills in defaults and names what is wrong.
	Check(context.Context, Check) (Map, []Failure, error)
	// Diff says what differs and whether that needs a replacement.
	Diff(context.Context, Change) (Diff, error)
	// Preview tells what Create would return; unknown outputs are resource.MakeComputed values.
	Preview(inputs Map) Map
	// Create returns the id and the state. A *Partial error keeps what was made.
	Create(context.Context, Call, Map) (string, Map, error)
	// Read returns the state and the inputs as they are now; a false means that it is gone.
	Read(context.Context, Read) (state, inputs Map, found bool, err error)
	// PreviewUpdate tells what Update would return.
	PreviewUpdate(Change) Map
	Update(context.Context, Change) (Map, error)
	Delete(context.Context, Call, Map) error
}

// Call identifies the resource that an operation is for.
type Call struct {
	URN  resource.URN
	Name string
	ID   string
}

// Check is a request to validate inputs.
type Check struct {
	Call
	Olds, News Map
	RandomSeed []byte
}

// Change is a request to compare or to update.
type Change struct {
	Call
	// State is what the last operation returned, OldInputs what it was given.
	State, OldInputs, News Map
	IgnoreChanges          []string
}

// Read is a request to look at a resource; Inputs and State are empty on import.
type Read struct {
	Call
	Inputs, State Map
}

// Failure is a property that is refused.
type Failure struct{ Property, Reason string }

// Partial is the error of a creation or update that left something behind, which the engine has to
// keep in its state.
type Partial struct {
	ID    string
	State Map
	Err   error
}

func (p *Partial) Error() string { return p.Err.Error() }
func (p *Partial) Unwrap() error { return p.Err }

// Main serves the provider until the engine goes away.
func Main(p Provider) error {
	return sdk.Main(p.Name, func(host *sdk.HostClient) (pulumirpc.ResourceProviderServer, error) {
		return newServer(p, host), nil
	})
}

// NoImport refuses to read a resource that no operation of this plugin has made.
func NoImport(call Call) error {
	return fmt.Errorf("%s: the lab's plugins do not import what exists (id %s); let it be created, or install "+
		"the official plugin", call.URN.Type(), call.ID)
}

type hostKey struct{}

// Log shows a message in the CLI's output, under the resource.
func Log(ctx context.Context, call Call, severity diag.Severity, message string) {
	if host, ok := ctx.Value(hostKey{}).(*sdk.HostClient); ok && host != nil {
		// A lost message must not fail the operation that it is about.
		_ = host.Log(ctx, severity, call.URN, message)
	}
}

// LogStatus shows a message only in the resource's status line.
func LogStatus(ctx context.Context, call Call, severity diag.Severity, message string) {
	if host, ok := ctx.Value(hostKey{}).(*sdk.HostClient); ok && host != nil {
		_ = host.LogStatus(ctx, severity, call.URN, message)
	}
}

// version is read from the plugin's folder, resource-NAME-vVERSION; a plugin does not know it otherwise.
func version() string {
	folder := filepath.Base(filepath.Dir(os.Args[0]))
	if _, after, ok := strings.Cut(folder, "-v"); ok {
		return after
	}
	return "0.0.0"
}
