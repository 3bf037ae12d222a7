// Package config reads the configuration of `rke2 server` and `rke2 agent` from files,
// environment and command line, and checks it.
package config

import (
	"os"
	"strconv"
	"strings"

	"homelab/lab/cluster/rke2/layout"
	"homelab/lab/cluster/rke2/s3"

	corev1 "k8s.io/api/core/v1"
)

// Config is one node's checked configuration.
type Config struct {
	Role   Role
	Layout layout.Layout
	// Token and AgentToken may be bare passwords or full tokens; Server is https://host:9345.
	Token, AgentToken, Server string

	NodeName                      string
	NodeIP, NodeExternalIP        string
	BindAddress, AdvertiseAddress string
	TLSSAN                        []string
	Labels                        map[string]string
	Taints                        []corev1.Taint
	KubeletArgs                   []string
	ClusterCIDR, ServiceCIDR      string
	ClusterDNS, ClusterDomain     string
	NodePortRange                 string
	Disable                       []string
	// Ingress are the controllers of ingress that were asked for: none, some, or empty for the release's default.
	Ingress                       []string
	DisableCloudController        bool
	KubeconfigPath                string
	KubeconfigMode                os.FileMode
	APIServerArgs, ControllerArgs []string
	SchedulerArgs, EtcdArgs       []string
	EtcdExposeMetrics             bool
	Snapshots                     Snapshots
	SecretsEncryption             bool
	Profile                       string
	AuditPolicyFile               string
	PodSecurityFile               string
	ClusterReset                  bool
	RestorePath                   string
	Debug                         bool
	LogFile                       string
}

// Snapshots are the etcd snapshot settings. Cron is a five-field schedule.
type Snapshots struct {
	Disabled  bool
	Cron      string
	Retention int
	Dir       string
	Name      string
	Compress  bool
	// S3 is nil where snapshots stay on the disk.
	S3 *s3.Config
}

// Load reads and checks the configuration of a subcommand given its arguments.
// The strings returned are the arguments that are not flags (a snapshot's name).
func Load(role Role, args []string) (*Config, []string, error) {
	v, rest, err := load(role, args)
	if err != nil {
		return nil, nil, err
	}
	if role != Snapshot && len(rest) > 0 {
		return nil, nil, refusal("unexpected argument %q", rest[0])
	}
	c, err := build(role, v)
	return c, rest, err
}

func (v values) text(name, fallback string) string {
	if s := v[name]; len(s) > 0 && s[len(s)-1] != "" {
		return s[len(s)-1]
	}
	return fallback
}

func (v values) bool(name string, fallback bool) bool {
	b, err := strconv.ParseBool(v.text(name, strconv.FormatBool(fallback)))
	return err == nil && b
}

func (v values) number(name string, fallback int) int {
	n, err := strconv.Atoi(v.text(name, ""))
	if err != nil {
		return fallback
	}
	return n
}

// items splits comma-separated values, which RKE2 allows for addresses and names.
func (v values) items(name string) []string {
	var out []string
	for _, value := range v[name] {
		for _, item := range strings.Split(value, ",") {
			if item = strings.TrimSpace(item); item != "" {
				out = append(out, item)
			}
		}
	}
	return out
}
