package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"homelab/lab/cluster/rke2/layout"
	"homelab/lab/cluster/rke2/s3"

	corev1 "k8s.io/api/core/v1"
)

func refusal(format string, a ...any) error { return fmt.Errorf(format, a...) }

func build(role Role, v values) (*Config, error) {
	c := &Config{
		Role:                   role,
		Layout:                 layout.Layout{DataDir: v.text("data-dir", layout.DefaultDataDir)},
		Server:                 v.text("server", ""),
		BindAddress:            v.text("bind-address", "0.0.0.0"),
		TLSSAN:                 v.items("tls-san"),
		KubeletArgs:            v["kubelet-arg"],
		ClusterDomain:          v.text("cluster-domain", "cluster.local"),
		NodePortRange:          v.text("service-node-port-range", "30000-32767"),
		Disable:                v.items("disable"),
		DisableCloudController: v.bool("disable-cloud-controller", false),
		KubeconfigPath:         v.text("write-kubeconfig", layout.Kubeconfig),
		APIServerArgs:          v["kube-apiserver-arg"],
		ControllerArgs:         v["kube-controller-manager-arg"],
		SchedulerArgs:          v["kube-scheduler-arg"],
		EtcdArgs:               v["etcd-arg"],
		EtcdExposeMetrics:      v.bool("etcd-expose-metrics", false),
		SecretsEncryption:      v.bool("secrets-encryption", true),
		Profile:                v.text("profile", ""),
		AuditPolicyFile:        v.text("audit-policy-file", ""),
		PodSecurityFile:        v.text("pod-security-admission-config-file", ""),
		ClusterReset:           v.bool("cluster-reset", false),
		RestorePath:            v.text("cluster-reset-restore-path", ""),
		Debug:                  v.bool("debug", false),
		LogFile:                v.text("log", ""),
	}
	c.Snapshots = Snapshots{
		Disabled:  v.bool("etcd-disable-snapshots", false),
		Cron:      v.text("etcd-snapshot-schedule-cron", "0 */12 * * *"),
		Retention: v.number("etcd-snapshot-retention", 5),
		Dir:       v.text("etcd-snapshot-dir", c.Layout.Snapshots()),
		Name:      v.text("etcd-snapshot-name", "etcd-snapshot"),
		Compress:  v.bool("etcd-snapshot-compress", false),
	}
	if role == Snapshot {
		c.Snapshots.Name = v.text("name", "on-demand")
	}
	if err := c.Snapshots.store(v); err != nil {
		return nil, err
	}
	steps := []func(values) error{c.tokens, c.node, c.network, c.choices}
	if role == Snapshot {
		steps = []func(values) error{c.node}
	}
	for _, step := range steps {
		if err := step(v); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// store reads the flags etcd-s3-*.
func (s *Snapshots) store(v values) error {
	if !v.bool("etcd-s3", false) {
		return nil
	}
	timeout, err := time.ParseDuration(v.text("etcd-s3-timeout", s3.Default.Timeout.String()))
	if err != nil {
		return fmt.Errorf("invalid value for flag -etcd-s3-timeout: %w", err)
	}
	s.S3 = &s3.Config{
		Endpoint:      v.text("etcd-s3-endpoint", s3.Default.Endpoint),
		EndpointCA:    v.text("etcd-s3-endpoint-ca", ""),
		Bucket:        v.text("etcd-s3-bucket", ""),
		BucketLookup:  v.text("etcd-s3-bucket-lookup-type", ""),
		Region:        v.text("etcd-s3-region", s3.Default.Region),
		Folder:        v.text("etcd-s3-folder", ""),
		AccessKey:     v.text("etcd-s3-access-key", ""),
		SecretKey:     v.text("etcd-s3-secret-key", ""),
		SessionToken:  v.text("etcd-s3-session-token", ""),
		ConfigSecret:  v.text("etcd-s3-config-secret", ""),
		SkipSSLVerify: v.bool("etcd-s3-skip-ssl-verify", false),
		Insecure:      v.bool("etcd-s3-insecure", false),
		Retention:     v.number("etcd-s3-retention", s3.Default.Retention),
		Timeout:       timeout,
	}
	return nil
}

func (c *Config) tokens(v values) error {
	for _, t := range []struct {
		into *string
		name string
	}{{&c.Token, "token"}, {&c.AgentToken, "agent-token"}} {
		*t.into = v.text(t.name, "")
		if file := v.text(t.name+"-file", ""); file != "" {
			content, err := os.ReadFile(file)
			if err != nil {
				return fmt.Errorf("%s-file: %w", t.name, err)
			}
			*t.into = strings.TrimSpace(string(content))
		}
	}
	if c.Role == Agent && c.Server == "" {
		return errors.New("--server is required")
	}
	if c.Server != "" && c.Token == "" && !c.ClusterReset {
		return errors.New("--token is required")
	}
	if c.Server == "" {
		return nil
	}
	u, err := url.Parse(c.Server)
	if err != nil {
		return fmt.Errorf("Invalid server url, failed to parse: %s: %w", c.Server, err)
	}
	if u.Scheme != "https" {
		return errors.New("only https:// URLs are supported, invalid scheme: " + c.Server)
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), "443")
	}
	c.Server = "https://" + u.Host
	return nil
}

func (c *Config) node(v values) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	c.NodeName = strings.ToLower(v.text("node-name", host))
	if v.bool("with-node-id", false) {
		return errors.New("with-node-id: this flag of RKE2 is not supported by the simulated rke2; use node-name")
	}
	if ips := v.items("node-ip"); len(ips) > 0 {
		c.NodeIP = ips[0]
	} else if c.NodeIP, err = firstAddress(); err != nil && c.Role != Snapshot {
		return err
	}
	if ips := v.items("node-external-ip"); len(ips) > 0 {
		c.NodeExternalIP = ips[0]
	}
	c.AdvertiseAddress = v.text("advertise-address", c.NodeIP)
	for name, ip := range map[string]string{
		"node-ip": c.NodeIP, "node-external-ip": c.NodeExternalIP,
		"advertise-address": c.AdvertiseAddress, "bind-address": c.BindAddress,
	} {
		if _, err := netip.ParseAddr(ip); ip != "" && err != nil {
			return fmt.Errorf("invalid %s %s: %w", name, ip, err)
		}
	}
	c.Labels = map[string]string{}
	for _, item := range v.items("node-label") {
		key, value, found := strings.Cut(item, "=")
		if !found || key == "" {
			return refusal("node-label %q: want key=value", item)
		}
		c.Labels[key] = value
	}
	for _, item := range v.items("node-taint") {
		taint, err := parseTaint(item)
		if err != nil {
			return err
		}
		c.Taints = append(c.Taints, taint)
	}
	return nil
}

func parseTaint(item string) (corev1.Taint, error) {
	left, effect, found := strings.Cut(item, ":")
	key, value, _ := strings.Cut(left, "=")
	effects := []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}
	if !found || key == "" || !slices.Contains(effects, effect) {
		return corev1.Taint{}, refusal("invalid taint spec: %s; want key=value:Effect, Effect one of %s",
			item, strings.Join(effects, ", "))
	}
	return corev1.Taint{Key: key, Value: value, Effect: corev1.TaintEffect(effect)}, nil
}

func (c *Config) network(v values) error {
	for _, n := range []struct {
		into           *string
		name, fallback string
	}{{&c.ClusterCIDR, "cluster-cidr", "10.42.0.0/16"}, {&c.ServiceCIDR, "service-cidr", "10.43.0.0/16"}} {
		items := v.items(n.name)
		if len(items) == 0 {
			items = []string{n.fallback}
		}
		if len(items) > 1 {
			return refusal("%s: dual stack is not supported by the simulated rke2; give one network", n.name)
		}
		prefix, err := netip.ParsePrefix(items[0])
		if err != nil {
			return fmt.Errorf("invalid %s %s: %w", n.name, items[0], err)
		}
		*n.into = prefix.Masked().String()
	}
	service := netip.MustParsePrefix(c.ServiceCIDR)
	if items := v.items("cluster-dns"); len(items) > 0 {
		c.ClusterDNS = items[0]
	} else {
		c.ClusterDNS = nth(service, 10).String()
	}
	dns, err := netip.ParseAddr(c.ClusterDNS)
	if err != nil {
		return refusal("invalid cluster-dns address %s", c.ClusterDNS)
	}
	if !service.Contains(dns) {
		return refusal("cluster-dns %s is not inside service-cidr %s", dns, service)
	}
	return nil
}
