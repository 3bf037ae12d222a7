package controlplane

import (
	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/layout"
)

// APIServer are the arguments of kube-apiserver.
// https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/
func APIServer(c *config.Config) ([]string, error) {
	l := c.Layout
	issuer := "https://kubernetes.default.svc." + c.ClusterDomain
	security := layout.PodSecurity
	if c.PodSecurityFile != "" {
		security = c.PodSecurityFile
	}
	args := map[string]string{
		"admission-control-config-file":      security,
		"advertise-address":                  c.AdvertiseAddress,
		"allow-privileged":                   "true",
		"anonymous-auth":                     "false",
		"api-audiences":                      issuer + ",rke2",
		"authorization-mode":                 "Node,RBAC",
		"bind-address":                       c.BindAddress,
		"cert-dir":                           l.TLS("temporary-certs"),
		"client-ca-file":                     l.TLS("client-ca.crt"),
		"enable-admission-plugins":           "NodeRestriction",
		"enable-aggregator-routing":          "true",
		"enable-bootstrap-token-auth":        "true",
		"etcd-cafile":                        l.TLS("etcd/server-ca.crt"),
		"etcd-certfile":                      l.TLS("etcd/client.crt"),
		"etcd-keyfile":                       l.TLS("etcd/client.key"),
		"etcd-servers":                       "https://127.0.0.1:2379",
		"kubelet-certificate-authority":      l.TLS("server-ca.crt"),
		"kubelet-client-certificate":         l.TLS("client-kube-apiserver.crt"),
		"kubelet-client-key":                 l.TLS("client-kube-apiserver.key"),
		"kubelet-preferred-address-types":    "InternalIP,ExternalIP,Hostname",
		"profiling":                          "false",
		"proxy-client-cert-file":             l.TLS("client-auth-proxy.crt"),
		"proxy-client-key-file":              l.TLS("client-auth-proxy.key"),
		"requestheader-allowed-names":        "system:auth-proxy",
		"requestheader-client-ca-file":       l.TLS("request-header-ca.crt"),
		"requestheader-extra-headers-prefix": "X-Remote-Extra-",
		"requestheader-group-headers":        "X-Remote-Group",
		"requestheader-username-headers":     "X-Remote-User",
		"secure-port":                        "6443",
		"service-account-issuer":             issuer,
		"service-account-key-file":           l.TLS("service.key"),
		"service-account-signing-key-file":   l.TLS("service.key"),
		"service-cluster-ip-range":           c.ServiceCIDR,
		"service-node-port-range":            c.NodePortRange,
		"storage-backend":                    "etcd3",
		"tls-cert-file":                      l.TLS("serving-kube-apiserver.crt"),
		"tls-private-key-file":               l.TLS("serving-kube-apiserver.key"),
	}
	if c.SecretsEncryption {
		args["encryption-provider-config"] = l.EncryptionConfig()
		args["encryption-provider-config-automatic-reload"] = "true"
	}
	if c.AuditPolicyFile != "" {
		args["audit-policy-file"] = c.AuditPolicyFile
		args["audit-log-path"] = l.Server("logs", "audit.log")
		args["audit-log-maxage"] = "30"
		args["audit-log-maxbackup"] = "10"
		args["audit-log-maxsize"] = "100"
	}
	return Merge(args, c.APIServerArgs)
}

// ControllerManager are the arguments of kube-controller-manager.
func ControllerManager(c *config.Config) ([]string, error) {
	l := c.Layout
	kubeconfig := l.Cred("controller.kubeconfig")
	args := map[string]string{
		"allocate-node-cidrs":              "true",
		"authentication-kubeconfig":        kubeconfig,
		"authorization-kubeconfig":         kubeconfig,
		"bind-address":                     "127.0.0.1",
		"cluster-cidr":                     c.ClusterCIDR,
		"configure-cloud-routes":           "false",
		"controllers":                      "*,tokencleaner,-service,-route,-cloud-node-lifecycle",
		"kubeconfig":                       kubeconfig,
		"profiling":                        "false",
		"root-ca-file":                     l.TLS("server-ca.crt"),
		"secure-port":                      "10257",
		"service-account-private-key-file": l.TLS("service.key"),
		"service-cluster-ip-range":         c.ServiceCIDR,
		"use-service-account-credentials":  "true",
	}
	for signer, ca := range map[string]string{
		"kube-apiserver-client": "client-ca", "kubelet-client": "client-ca",
		"kubelet-serving": "server-ca", "legacy-unknown": "server-ca",
	} {
		args["cluster-signing-"+signer+"-cert-file"] = l.TLS(ca + ".crt")
		args["cluster-signing-"+signer+"-key-file"] = l.TLS(ca + ".key")
	}
	return Merge(args, c.ControllerArgs)
}

// Scheduler are the arguments of kube-scheduler.
func Scheduler(c *config.Config) ([]string, error) {
	kubeconfig := c.Layout.Cred("scheduler.kubeconfig")
	return Merge(map[string]string{
		"authentication-kubeconfig": kubeconfig,
		"authorization-kubeconfig":  kubeconfig,
		"bind-address":              "127.0.0.1",
		"kubeconfig":                kubeconfig,
		"profiling":                 "false",
		"secure-port":               "10259",
	}, c.SchedulerArgs)
}
