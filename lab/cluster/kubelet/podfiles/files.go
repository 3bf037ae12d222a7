// Package podfiles writes the files that a kubelet and its runtime give each container beside its
// volumes: names, users and resolver.
package podfiles

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"homelab/lab/cluster/kubelet/process"
)

// Pod is what the files are made from.
type Pod struct {
	Pod       *corev1.Pod
	Container *corev1.Container
	IP        netip.Addr
	// Domain and Servers are the cluster's DNS.
	Domain  string
	Servers []string
}

// Hostname is the pod's host name (https://kubernetes.io/docs/concepts/workloads/pods/pod-hostname/).
func Hostname(pod *corev1.Pod) string {
	name := pod.Spec.Hostname
	if name == "" {
		name = pod.Name
	}
	return strings.TrimRight(name[:min(len(name), 63)], "-.")
}

// users are those that images have; a process may run as another.
const (
	users = "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n" +
		"postgres:x:26:26:PostgreSQL Server:/var/lib/postgresql:/bin/bash\n"
	groups = "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\npostgres:x:26:\n"
)

// Write makes the container's files in directory and says where they are shown. message is the file for
// its termination message, empty at its start.
func Write(directory string, p Pod) (mounts []process.Mount, message string, err error) {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return nil, "", err
	}
	resolver, err := resolvConf(p)
	if err != nil {
		return nil, "", err
	}
	hosts, err := hostsFile(p)
	if err != nil {
		return nil, "", err
	}
	for _, one := range []struct{ name, target, content string }{
		{"resolv.conf", "/etc/resolv.conf", resolver},
		{"hosts", "/etc/hosts", hosts},
		{"hostname", "/etc/hostname", Hostname(p.Pod) + "\n"},
		{"passwd", "/etc/passwd", users},
		{"group", "/etc/group", groups},
	} {
		path := filepath.Join(directory, one.name)
		if err := os.WriteFile(path, []byte(one.content), 0o644); err != nil {
			return nil, "", err
		}
		mounts = append(mounts, process.Mount{Source: path, Target: one.target, ReadOnly: true})
	}
	message = filepath.Join(directory, "termination-log")
	if err := errors.Join(os.WriteFile(message, nil, 0o644), os.Chmod(message, 0o666)); err != nil {
		return nil, "", err
	}
	target := p.Container.TerminationMessagePath
	if target == "" {
		target = corev1.TerminationMessagePathDefault
	}
	return append(mounts, process.Mount{Source: message, Target: target}), message, nil
}

// Limits of a termination message, of the file and of the log's end
// (https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/).
const (
	longestMessage = 4096
	longestTail    = 2048
)

// Message is a container's termination message.
func Message(path string, container *corev1.Container, exitCode int32, tail string) string {
	content, err := os.ReadFile(path)
	if err == nil && len(content) > 0 {
		return string(content[:min(len(content), longestMessage)])
	}
	if container.TerminationMessagePolicy == corev1.TerminationMessageFallbackToLogsOnError && exitCode != 0 {
		return tail[max(0, len(tail)-longestTail):]
	}
	return ""
}

// hostsFile is the pod's /etc/hosts; on the host network it is the machine's.
func hostsFile(p Pod) (string, error) {
	var text strings.Builder
	if p.Pod.Spec.HostNetwork {
		content, err := os.ReadFile("/etc/hosts")
		if err != nil {
			return "", err
		}
		text.WriteString("# Kubernetes-managed hosts file (host network).\n")
		text.Write(content)
	} else {
		name := Hostname(p.Pod)
		if p.Pod.Spec.Subdomain != "" {
			name = fmt.Sprintf("%s.%s.%s.svc.%s\t%s", name, p.Pod.Spec.Subdomain, p.Pod.Namespace, p.Domain, name)
		}
		fmt.Fprintf(&text, "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n%s\t%s\n", p.IP, name)
	}
	for _, alias := range p.Pod.Spec.HostAliases {
		fmt.Fprintf(&text, "%s\t%s\n", alias.IP, strings.Join(alias.Hostnames, "\t"))
	}
	return text.String(), nil
}
