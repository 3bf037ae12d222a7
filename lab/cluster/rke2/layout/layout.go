// Package layout names the files of an RKE2 node, as on a real one:
// https://docs.rke2.io/reference/server_config and /architecture.
package layout

import "path/filepath"

// Directories and files that do not depend on data-dir.
const (
	DefaultConfig   = "/etc/rancher/rke2/config.yaml"
	Kubeconfig      = "/etc/rancher/rke2/rke2.yaml"
	PodSecurity     = "/etc/rancher/rke2/rke2-pss.yaml"
	NodePassword    = "/etc/rancher/node/password"
	DefaultDataDir  = "/var/lib/rancher/rke2"
	PodLogs         = "/var/log/pods"
	DefaultBinaries = "/usr/lib/lab/bin"
)

// Layout is a node's data directory.
type Layout struct{ DataDir string }

// Server joins path elements below <data-dir>/server.
func (l Layout) Server(path ...string) string {
	return filepath.Join(append([]string{l.DataDir, "server"}, path...)...)
}

// Agent joins path elements below <data-dir>/agent.
func (l Layout) Agent(path ...string) string {
	return filepath.Join(append([]string{l.DataDir, "agent"}, path...)...)
}

// TLS joins path elements below <data-dir>/server/tls.
func (l Layout) TLS(path ...string) string {
	return l.Server(append([]string{"tls"}, path...)...)
}

// Cred joins path elements below <data-dir>/server/cred.
func (l Layout) Cred(path ...string) string {
	return l.Server(append([]string{"cred"}, path...)...)
}

// EtcdDir is etcd's data directory.
func (l Layout) EtcdDir() string { return l.Server("db", "etcd") }

// EtcdName holds the member's name: <node>-<eight hexadecimal digits>.
func (l Layout) EtcdName() string { return l.Server("db", "etcd", "name") }

// ResetFlag exists from a cluster reset until the next ordinary start.
func (l Layout) ResetFlag() string { return l.Server("db", "reset-flag") }

// Snapshots is where etcd snapshots go unless etcd-snapshot-dir says otherwise.
func (l Layout) Snapshots() string { return l.Server("db", "snapshots") }

// Manifests holds the files that each server applies to the cluster.
func (l Layout) Manifests() string { return l.Server("manifests") }

// EncryptionConfig is the apiserver's encryption provider configuration.
func (l Layout) EncryptionConfig() string { return l.Cred("encryption-config.json") }

// AdminKubeconfig is the kubeconfig that the server itself uses.
func (l Layout) AdminKubeconfig() string { return l.Cred("admin.kubeconfig") }

// ChildLog is the log of a child process, for example kube-apiserver.
func (l Layout) ChildLog(name string) string { return l.Agent("logs", name+".log") }

// ChildPid holds the process id of a child, its start time and its identity, a line each: by it
// the next rke2 takes the child over, and rke2-killall.sh ends it.
func (l Layout) ChildPid(name string) string { return l.Agent("pids", name+".pid") }

// KubeletOptions holds what the process of the kubelet and the pods is told.
func (l Layout) KubeletOptions() string { return l.Agent("etc", "kubelet-options.json") }
