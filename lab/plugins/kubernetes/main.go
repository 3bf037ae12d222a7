// Package kubernetes is the lab's stand-in for Pulumi's Kubernetes provider plugin. It speaks the
// provider protocol to the engine and the Kubernetes API (server-side apply, watches, Helm) to the
// cluster. It is used only where the official plugin cannot be installed, and keeps its state in
// the official plugin's shape, so that a stack can change from one to the other.
//
// The behaviour follows https://www.pulumi.com/registry/packages/kubernetes/ at version 4.34.2.
// What it does not do (client-side apply, YAML rendering, functions, bare Pods and Ingresses,
// component resources such as helm.v4.Chart) it refuses with an error that says so.
package kubernetes

import (
	"fmt"
	"runtime"

	"github.com/pulumi/pulumi/pkg/v3/resource/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/client-go/pkg/version"
)

// Version is the version of the official plugin whose behaviour and state this plugin keeps.
const Version = "4.34.2"

// Main serves the plugin until the engine ends it. The port of the gRPC server is printed on
// standard output, as the engine expects; the engine's address is the first argument.
func Main() error {
	return provider.Main("kubernetes",
		func(host *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
			return New(host), nil
		})
}

// userAgent names the plugin to the API server in the form of the official one.
func userAgent() string {
	return fmt.Sprintf("pulumi-kubernetes/%s (%s/%s) client-go/%s",
		Version, runtime.GOOS, runtime.GOARCH, version.Get().GitVersion)
}
