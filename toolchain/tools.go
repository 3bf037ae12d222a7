//go:build tools

// Package toolchain names the commands that are built from modules, so that `go mod tidy` keeps them pinned.
package toolchain

import (
	_ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
	_ "helm.sh/helm/v3/cmd/helm"
)
