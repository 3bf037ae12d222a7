//go:build tools

// Package toolchain names the commands that are built from modules, so that `go mod tidy` keeps them pinned.
package toolchain

import (
	_ "github.com/osrg/gobgp/v4/pkg/server"
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
	_ "github.com/pulumi/pulumi/pkg/v3/resource/provider"
	_ "github.com/pkg/sftp"
	_ "github.com/vishvananda/netlink"
	_ "golang.org/x/crypto/ssh"
	_ "helm.sh/helm/v3/cmd/helm"
	_ "helm.sh/helm/v3/pkg/action"
	_ "k8s.io/client-go/dynamic"
	_ "k8s.io/client-go/tools/leaderelection"
	_ "sigs.k8s.io/yaml"
)
