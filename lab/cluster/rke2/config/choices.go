package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"homelab/lab/cluster/rke2/manifests"

	"github.com/robfig/cron/v3"
)

// Components that `disable` may name; cni and ingress charts are named by their own flags. RKE2 itself takes any name, and
// ignores those that its release has no chart for, as rke2-gateway-api-crd before 1.37.
var components = []string{
	"rke2-coredns", "rke2-metrics-server", "rke2-snapshot-controller",
	"rke2-snapshot-controller-crd", "rke2-snapshot-validation-webhook",
	"rke2-security-responder", "rke2-gateway-api-crd", "rke2-ingress-nginx", "rke2-traefik", "rke2-traefik-crd",
	"rke2-canal", "rke2-calico", "rke2-calico-crd", "rke2-cilium", "rke2-flannel", "rke2-multus",
}

func (c *Config) choices(v values) error {
	if c.Role == Server {
		if cni := v.items("cni"); len(cni) != 1 || cni[0] != "none" {
			return refusal("cni: %q is not supported by the simulated rke2; set `cni: none` and install the CNI yourself",
				strings.Join(cni, ","))
		}
		if !v.bool("disable-kube-proxy", false) {
			return errors.New("disable-kube-proxy: the simulated rke2 has no kube-proxy; set it to true and let the CNI replace it")
		}
		for _, name := range c.Disable {
			if !slices.Contains(components, name) {
				return refusal("disable: %q is not a packaged component; valid items: %s", name, strings.Join(components, ", "))
			}
		}
		if v.bool("enable-servicelb", false) {
			return errors.New("enable-servicelb: this flag of RKE2 is not supported by the simulated rke2; remove it")
		}
		c.Ingress = v.items("ingress-controller")
		for _, ingress := range c.Ingress {
			if ingress != "none" && !slices.Contains(manifests.Controllers, ingress) {
				return refusal("Invalid value %s for --ingress-controller flag: must be one of %s", ingress,
					strings.Join(manifests.Controllers, ","))
			}
		}
		if p := v.text("secrets-encryption-provider", "aescbc"); p != "aescbc" && p != "secretbox" {
			return refusal("secrets-encryption-provider: unknown provider %q; use aescbc", p)
		} else if p != "aescbc" {
			return errors.New("secrets-encryption-provider: the simulated rke2 supports aescbc only")
		}
	}
	if _, err := cron.ParseStandard(c.Snapshots.Cron); err != nil {
		return fmt.Errorf("invalid etcd-snapshot-schedule-cron %q: %w", c.Snapshots.Cron, err)
	}
	if c.Profile != "" && c.Profile != "cis" && c.Profile != "etcd" {
		return errors.New("invalid value provided for --profile flag")
	}
	if c.Profile == "cis" && !v.bool("protect-kernel-defaults", true) {
		return errors.New("--protect-kernel-defaults must be true when using --profile=cis")
	}
	if c.RestorePath != "" && !c.ClusterReset {
		return errors.New("invalid flag use; --cluster-reset required with --cluster-reset-restore-path")
	}
	mode, err := strconv.ParseUint(v.text("write-kubeconfig-mode", "0600"), 8, 32)
	if err != nil {
		return fmt.Errorf("write-kubeconfig-mode: want an octal number such as \"0600\": %w", err)
	}
	c.KubeconfigMode = os.FileMode(mode)
	return nil
}
