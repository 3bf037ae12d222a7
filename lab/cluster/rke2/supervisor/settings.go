package supervisor

import (
	"fmt"
	"log/slog"

	"homelab/lab/cluster/rke2/config"

	"k8s.io/apimachinery/pkg/util/version"
)

// Settings are what a server tells a joining node about the cluster. The critical ones must be
// the same on every server.
type Settings struct {
	Version           string `json:"version"`
	ClusterCIDR       string `json:"clusterCIDR"`
	ServiceCIDR       string `json:"serviceCIDR"`
	ClusterDNS        string `json:"clusterDNS"`
	ClusterDomain     string `json:"clusterDomain"`
	SecretsEncryption bool   `json:"secretsEncryption"`
	CloudController   bool   `json:"cloudController"`
}

// NewSettings takes a server's own.
func NewSettings(c *config.Config, version string) Settings {
	return Settings{
		Version: version, ClusterCIDR: c.ClusterCIDR, ServiceCIDR: c.ServiceCIDR,
		ClusterDNS: c.ClusterDNS, ClusterDomain: c.ClusterDomain,
		SecretsEncryption: c.SecretsEncryption, CloudController: !c.DisableCloudController,
	}
}

// Compare refuses a server whose critical values differ from the cluster's.
func (s Settings) Compare(cluster Settings, log *slog.Logger) error {
	failed := false
	for _, v := range []struct{ name, ours, theirs string }{
		{"cluster-cidr", s.ClusterCIDR, cluster.ClusterCIDR},
		{"service-cidr", s.ServiceCIDR, cluster.ServiceCIDR},
		{"cluster-dns", s.ClusterDNS, cluster.ClusterDNS},
		{"cluster-domain", s.ClusterDomain, cluster.ClusterDomain},
		{"secrets-encryption", fmt.Sprint(s.SecretsEncryption), fmt.Sprint(cluster.SecretsEncryption)},
		{"disable-cloud-controller", fmt.Sprint(!s.CloudController), fmt.Sprint(!cluster.CloudController)},
	} {
		if v.ours != v.theirs {
			failed = true
			log.Error(fmt.Sprintf("critical configuration mismatched: %s: %s here, %s in the cluster",
				v.name, v.ours, v.theirs))
		}
	}
	if failed {
		return fmt.Errorf("failed to validate server configuration: critical configuration value mismatch between servers")
	}
	return nil
}

// Skew checks a joining node's version (v1.36.3+rke2r1) against the server's: an agent may be
// up to three minor versions older but not newer, a server one minor apart.
// https://kubernetes.io/releases/version-skew-policy/
func Skew(server, joining, role string) error {
	ours, err := version.ParseGeneric(server)
	if err != nil {
		return fmt.Errorf("version %q: %w", server, err)
	}
	theirs, err := version.ParseGeneric(joining)
	if err != nil {
		return fmt.Errorf("version %q: %w", joining, err)
	}
	ahead := int(theirs.Minor()) - int(ours.Minor())
	if ours.Major() != theirs.Major() {
		return fmt.Errorf("version skew: %s %s cannot join a server of version %s", role, joining, server)
	}
	if role == "server" && (ahead > 1 || ahead < -1) {
		return fmt.Errorf("version skew: server %s is more than one minor version from the cluster's %s; upgrade one minor version at a time", joining, server)
	}
	if role != "server" && ahead > 0 {
		return fmt.Errorf("version skew: agent %s is newer than the server's %s; upgrade the servers first", joining, server)
	}
	if role != "server" && ahead < -3 {
		return fmt.Errorf("version skew: agent %s is more than three minor versions older than the server's %s", joining, server)
	}
	return nil
}
