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

	"k8s.io/apimachinery/pkg/api/meta"
)

//go:embed coredns.yaml
var coredns string

//go:embed roles.yaml
var roles []byte

//go:embed kinds.yaml
var kinds []byte

// Packaged are the components that come with rke2. Of RKE2's charts CoreDNS, the snapshot controller
// with its kinds and the ingress controllers have a stand-in, under the names that their charts give
// the objects; metrics-server is not deployed.
type Packaged struct {
	Dir                       string
	ClusterDNS, ClusterDomain string
	Disabled                  []string
	// Ingress are the controllers to deploy; the first has the default class.
	Ingress []string
}

// Write puts the components' files into the manifests directory, and takes away disabled ones.
func (p Packaged) Write() error {
	for name, content := range map[string][]byte{"rke2-roles.yaml": roles, "rke2-kinds.yaml": kinds} {
		if err := certs.Write(filepath.Join(p.Dir, name), content, 0o600); err != nil {
			return err
		}
	}
	for name, content := range p.components() {
		path := filepath.Join(p.Dir, name+".yaml")
		if !p.disables(name) {
			if err := certs.Write(path, content, 0o600); err != nil {
				return err
			}
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// DeleteDisabled removes the objects of disabled components from the cluster.
func (p Packaged) DeleteDisabled(ctx context.Context, d *Deployer) error {
	for name, content := range p.components() {
		if !p.disables(name) {
			continue
		}
		// A kind that the cluster does not have yet has no objects either.
		if err := d.Delete(ctx, content); err != nil && !meta.IsNoMatchError(err) {
			return fmt.Errorf("disable: %s: %w", name, err)
		}
	}
	return nil
}

// components are the manifests by the name that `disable` has for them.
func (p Packaged) components() map[string][]byte {
	first := ""
	if len(p.Ingress) > 0 {
		first = p.Ingress[0]
	}
	all := map[string][]byte{
		"rke2-coredns":                 p.coredns(),
		"rke2-snapshot-controller-crd": snapshotKinds(),
		"rke2-snapshot-controller":     snapshotController,
	}
	for _, controller := range Controllers {
		all["rke2-"+controller] = ingressManifest(controller, first)
	}
	return all
}

// disables says whether a component is not to be deployed: named by `disable`, or an ingress
// controller that was not chosen.
func (p Packaged) disables(name string) bool {
	controller := strings.TrimPrefix(name, "rke2-")
	unchosen := slices.Contains(Controllers, controller) && !slices.Contains(p.Ingress, controller)
	return unchosen || slices.Contains(p.Disabled, name)
}

func (p Packaged) coredns() []byte {
	return []byte(strings.NewReplacer("${CLUSTER_DNS}", p.ClusterDNS, "${CLUSTER_DOMAIN}", p.ClusterDomain).
		Replace(coredns))
}
