package config

import "strings"

// Role says which subcommand a flag belongs to.
type Role int

// The subcommands that read the configuration files.
const (
	Server Role = 1 << iota
	Agent
	Snapshot
	both = Server | Agent
	all  = Server | Agent | Snapshot
)

type kind int

const (
	text kind = iota
	list
	boolean
	number
)

type flag struct {
	name  string
	kind  kind
	roles Role
	// env is the environment variable that RKE2 reads for this flag, if any.
	env string
	// alias is a shorter form for the command line.
	alias string
}

// supported are the flags that have an effect, or that are only checked because what they
// choose does not exist in a simulated machine (containerd, SELinux, registries).
// Names: https://docs.rke2.io/reference/server_config and linux_agent_config.
var supported = []flag{
	{"config", text, all, "RKE2_CONFIG_FILE", "c"},
	{"debug", boolean, all, "RKE2_DEBUG", ""},
	{"log", text, all, "", "l"},
	{"data-dir", text, all, "RKE2_DATA_DIR", "d"},
	{"token", text, both, "RKE2_TOKEN", "t"},
	{"token-file", text, both, "RKE2_TOKEN_FILE", ""},
	{"agent-token", text, Server, "RKE2_AGENT_TOKEN", ""},
	{"agent-token-file", text, Server, "RKE2_AGENT_TOKEN_FILE", ""},
	{"server", text, both, "RKE2_URL", "s"},
	{"bind-address", text, both, "", ""},
	{"advertise-address", text, Server, "", ""},
	{"tls-san", list, Server, "", ""},
	{"node-name", text, all, "RKE2_NODE_NAME", ""},
	{"with-node-id", boolean, both, "", ""},
	{"node-ip", list, both, "", "i"},
	{"node-external-ip", list, both, "RKE2_NODE_EXTERNAL_IP", ""},
	{"node-label", list, both, "", ""},
	{"node-taint", list, both, "", ""},
	{"cni", list, Server, "RKE2_CNI", ""},
	{"disable", list, Server, "", ""},
	{"disable-kube-proxy", boolean, Server, "", ""},
	{"disable-cloud-controller", boolean, Server, "", ""},
	{"enable-servicelb", boolean, Server, "RKE2_ENABLE_SERVICELB", ""},
	{"ingress-controller", list, Server, "RKE2_INGRESS_CONTROLLER", ""},
	{"cluster-cidr", list, Server, "", ""},
	{"service-cidr", list, Server, "", ""},
	{"service-node-port-range", text, Server, "", ""},
	{"cluster-dns", list, Server, "", ""},
	{"cluster-domain", text, Server, "", ""},
	{"cluster-reset", boolean, Server, "RKE2_CLUSTER_RESET", ""},
	{"cluster-reset-restore-path", text, Server, "", ""},
	{"write-kubeconfig", text, Server, "RKE2_KUBECONFIG_OUTPUT", "o"},
	{"write-kubeconfig-mode", text, Server, "RKE2_KUBECONFIG_MODE", ""},
	{"kube-apiserver-arg", list, Server, "", ""},
	{"kube-controller-manager-arg", list, Server, "", ""},
	{"kube-scheduler-arg", list, Server, "", ""},
	{"etcd-arg", list, Server, "", ""},
	{"kubelet-arg", list, both, "", ""},
	{"etcd-expose-metrics", boolean, Server, "", ""},
	{"etcd-disable-snapshots", boolean, Server, "", ""},
	{"etcd-snapshot-schedule-cron", text, Server, "", ""},
	{"etcd-snapshot-retention", number, Server, "", ""},
	{"etcd-snapshot-dir", text, Server, "", ""},
	{"etcd-snapshot-name", text, Server, "", ""},
	{"etcd-snapshot-compress", boolean, Server, "", ""},
	{"secrets-encryption", boolean, Server, "", ""},
	{"secrets-encryption-provider", text, Server, "", ""},
	{"profile", text, both, "RKE2_CIS_PROFILE", ""},
	{"protect-kernel-defaults", boolean, both, "", ""},
	{"selinux", boolean, both, "RKE2_SELINUX", ""},
	{"audit-policy-file", text, both, "RKE2_AUDIT_POLICY_FILE", ""},
	{"pod-security-admission-config-file", text, both, "RKE2_POD_SECURITY_ADMISSION_CONFIG_FILE", ""},
	{"system-default-registry", text, both, "RKE2_SYSTEM_DEFAULT_REGISTRY", ""},
	{"private-registry", text, both, "RKE2_PRIVATE_REGISTRY", ""},
	{"disable-default-registry-endpoint", boolean, both, "", ""},
	{"nonroot-devices", boolean, both, "", ""},
	{"resolv-conf", text, both, "RKE2_RESOLV_CONF", ""},
	{"snapshotter", text, both, "RKE2_SNAPSHOTTER", ""},
	{"name", text, Snapshot, "", ""},
	{"etcd-snapshot-dir", text, Snapshot, "", "dir"},
	{"etcd-snapshot-compress", boolean, Snapshot, "", "snapshot-compress"},
	{"etcd-snapshot-retention", number, Snapshot, "", "snapshot-retention"},
	{"output", text, Snapshot, "", "o"},
}

// refused are RKE2's other flags: setting one (other than to false) ends the start with its name.
var refused = map[Role][]string{
	both: {
		"v", "vmodule", "alsologtostderr", "image-credential-provider-bin-dir",
		"image-credential-provider-config", "container-runtime-endpoint",
		"default-runtime", "node-internal-dns", "node-external-dns", "kube-proxy-arg",
		"lb-server-port", "airgap-extra-registry", "enable-pprof", "kube-apiserver-image",
		"kube-controller-manager-image", "cloud-controller-manager-image", "kube-proxy-image",
		"kube-scheduler-image", "pause-image", "runtime-image", "etcd-image", "kubelet-path",
		"cloud-provider-name", "cloud-provider-config", "node-name-from-cloud-provider-metadata",
		"control-plane-resource-requests", "control-plane-resource-limits",
		"control-plane-probe-configuration", "kube-apiserver-extra-mount",
		"kube-scheduler-extra-mount", "kube-controller-manager-extra-mount",
		"kube-proxy-extra-mount", "etcd-extra-mount", "cloud-controller-manager-extra-mount",
		"kube-apiserver-extra-env", "kube-scheduler-extra-env",
		"kube-controller-manager-extra-env", "kube-proxy-extra-env", "etcd-extra-env",
		"cloud-controller-manager-extra-env",
	},
	Server: {
		"tls-san-security", "disable-agent", "write-kubeconfig-group", "write-kubeconfig-name",
		"kube-cloud-controller-manager-arg", "datastore-endpoint", "datastore-cafile",
		"datastore-certfile", "datastore-keyfile", "disable-scheduler", "disable-apiserver",
		"disable-controller-manager", "disable-etcd", "etcd-snapshot-reconcile-interval",
		"embedded-registry", "supervisor-metrics", "egress-selector-mode", "helm-job-image",
		"helm-controller-arg", "servicelb-namespace", "prime", "etcd-s3-proxy",
	},
	Snapshot: {"etcd-server", "etcd-token", "etcd-s3-proxy", "s3-proxy"},
}

// s3Flags are where snapshots go besides the disk; etcd-snapshot knows each by a shorter name too.
var s3Flags = []flag{
	{name: "etcd-s3", kind: boolean},
	{name: "etcd-s3-access-key", env: "AWS_ACCESS_KEY_ID"},
	{name: "etcd-s3-bucket"},
	{name: "etcd-s3-bucket-lookup-type"},
	{name: "etcd-s3-config-secret"},
	{name: "etcd-s3-endpoint"},
	{name: "etcd-s3-endpoint-ca"},
	{name: "etcd-s3-folder"},
	{name: "etcd-s3-insecure", kind: boolean},
	{name: "etcd-s3-region"},
	{name: "etcd-s3-retention", kind: number},
	{name: "etcd-s3-secret-key", env: "AWS_SECRET_ACCESS_KEY"},
	{name: "etcd-s3-session-token", env: "AWS_SESSION_TOKEN"},
	{name: "etcd-s3-skip-ssl-verify", kind: boolean},
	{name: "etcd-s3-timeout"},
}

func init() {
	for _, f := range s3Flags {
		f.roles = Server
		supported = append(supported, f)
		f.roles, f.alias = Snapshot, strings.TrimPrefix(f.name, "etcd-")
		supported = append(supported, f)
	}
}

func find(name string, role Role) (flag, bool) {
	for _, f := range supported {
		if f.roles&role != 0 && (f.name == name || f.alias != "" && f.alias == name) {
			return f, true
		}
	}
	return flag{}, false
}

func isRefused(name string, role Role) bool {
	for roles, names := range refused {
		if roles&role == 0 {
			continue
		}
		for _, n := range names {
			if n == name {
				return true
			}
		}
	}
	return false
}

// ofServer says whether the name is any flag of `rke2 server`, which etcd-snapshot shares its
// configuration file with.
func ofServer(name string) bool {
	_, known := find(name, Server)
	return known || isRefused(name, Server)
}
