package manifests

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"homelab/lab/cluster/rke2/certs"
)

//go:embed coredns.yaml
var coredns string

//go:embed roles.yaml
var roles []byte

// Packaged are the components that come with rke2. Of RKE2's charts only CoreDNS has a
// stand-in, under the names that its chart gives the Service and the Deployment; the others
// (metrics-server, snapshot-controller, ingress) are not deployed.
type Packaged struct {
	Dir                       string
	ClusterDNS, ClusterDomain string
	Disabled                  []string
}

// Write puts the components' files into the manifests directory, and takes away disabled ones.
func (p Packaged) Write() error {
	if err := certs.Write(filepath.Join(p.Dir, "rke2-roles.yaml"), roles, 0o600); err != nil {
		return err
	}
	path := filepath.Join(p.Dir, "rke2-coredns.yaml")
	if !p.disables("rke2-coredns") {
		return certs.Write(path, p.coredns(), 0o600)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// DeleteDisabled removes the objects of disabled components from the cluster.
func (p Packaged) DeleteDisabled(ctx context.Context, d *Deployer) error {
	if !p.disables("rke2-coredns") {
		return nil
	}
	if err := d.Delete(ctx, p.coredns()); err != nil {
		return fmt.Errorf("disable: rke2-coredns: %w", err)
	}
	return nil
}

func (p Packaged) disables(name string) bool { return slices.Contains(p.Disabled, name) }

func (p Packaged) coredns() []byte {
	return []byte(strings.NewReplacer("${CLUSTER_DNS}", p.ClusterDNS, "${CLUSTER_DOMAIN}", p.ClusterDomain).
		Replace(coredns))
}
