package controlplane

import (
	"fmt"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/layout"
)

// WritePodSecurity writes the admission configuration that RKE2 gives kube-apiserver:
// privileged by default, restricted with the CIS profile.
// https://docs.rke2.io/security/pod_security_standards
func WritePodSecurity(profile string) error {
	level, exempt := "privileged", "[]"
	if profile == "cis" {
		level = "restricted"
		exempt = "[kube-system, cis-operator-system, tigera-operator]"
	}
	return certs.Write(layout.PodSecurity, fmt.Appendf(nil, `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults:
      enforce: %[1]q
      enforce-version: "latest"
      audit: %[1]q
      audit-version: "latest"
      warn: %[1]q
      warn-version: "latest"
    exemptions:
      usernames: []
      runtimeClasses: []
      namespaces: %[2]s
`, level, exempt), 0o600)
}
