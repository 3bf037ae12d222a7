package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"homelab/lab/cluster/kubelet"
	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/node"

	"k8s.io/client-go/kubernetes"
)

// kubeletCommand is the program `kubelet` beside RKE2's others: it tells its flags. The kubelet itself runs within rke2.
func kubeletCommand(args []string) {
	if len(args) == 1 && args[0] == "--help" {
		fmt.Print(kubelet.Usage())
		return
	}
	fmt.Fprintln(os.Stderr, "the simulated kubelet runs within rke2, and knows --help alone")
	os.Exit(1)
}

// crictlCommand is the program `crictl` beside RKE2's others. There is no containerd: an image that is asked for counts as fetched.
func crictlCommand(args []string) {
	if len(args) == 2 && args[0] == "pull" {
		fmt.Println("Image is up to date for " + args[1])
		return
	}
	fmt.Fprintln(os.Stderr, "the simulated crictl knows `crictl pull IMAGE` alone")
	os.Exit(1)
}

// publishPrograms puts the node's programs where RKE2 unpacks them.
func publishPrograms(c *config.Config) error {
	own, err := os.Executable()
	if err != nil {
		return err
	}
	folder := filepath.Join(c.Layout.DataDir, "bin")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return errors.Join(link(own, filepath.Join(folder, "kubelet")), link(own, filepath.Join(folder, "crictl")))
}

// runKubelet starts the node's kubelet and returns once its Node exists and is marked.
// clusterDNS and domain are the cluster's, which an agent learns from its server.
func runKubelet(ctx context.Context, run *tasks, c *config.Config, dns, domain string, cloud bool, log *slog.Logger) error {
	if err := publishPrograms(c); err != nil {
		return err
	}
	memory, err := memoryMiB()
	if err != nil {
		return err
	}
	cpus, err := processors()
	if err != nil {
		return err
	}
	options := kubelet.Options{
		NodeName: c.NodeName, NodeIP: c.NodeIP, Version: version, Kubeconfig: c.Layout.Agent("kubelet.kubeconfig"),
		Serving: c.Layout.Agent("serving-kubelet"), ClientCA: c.Layout.Agent("client-ca.crt"),
		Labels: c.Labels, Taints: c.Taints, Args: c.KubeletArgs, ConfigDir: c.Layout.Agent("etc", "kubelet.conf.d"), MemoryMiB: memory, CPUs: cpus,
		ClusterDNS: dns, ClusterDomain: domain,
	}
	marks := node.Marks{Annotations: map[string]string{
		"rke2.io/hostname": c.NodeName, "rke2.io/internal-ip": c.NodeIP,
	}}
	if c.NodeExternalIP != "" {
		marks.Annotations["rke2.io/external-ip"] = c.NodeExternalIP
	}
	if cloud {
		marks.ProviderID = "rke2://" + c.NodeName
	}
	kubeconfig := options.Kubeconfig
	if c.Role == config.Server {
		options.Roles = []string{"control-plane", "etcd"}
		options.ControlPlanePods = controlPlanePods()
		marks.Labels = kubelet.RoleLabels(options.Roles)
		marks.Annotations[node.AddressAnnotation] = c.NodeIP
		// The kubelet itself may not give its Node a role.
		kubeconfig = c.Layout.AdminKubeconfig()
	}
	child, err := runtimeChild(c, options, log)
	if err != nil {
		return err
	}
	if err := run.keep(child); err != nil {
		return err
	}
	run.start("kubelet", func(ctx context.Context) error {
		watchKubelet(ctx, options, log)
		return nil
	})
	rest, err := clientConfig(kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return err
	}
	if err := node.AwaitRegistered(ctx, client, c.NodeName); err != nil {
		return err
	}
	if err := node.Apply(ctx, client, c.NodeName, marks); err != nil {
		return fmt.Errorf("node %s: %w", c.NodeName, err)
	}
	log.Info("Node " + c.NodeName + " registered")
	return nil
}

func (s *server) startKubelet(ctx context.Context) error {
	return runKubelet(ctx, s.run, s.c, s.c.ClusterDNS, s.c.ClusterDomain, !s.c.DisableCloudController, s.log)
}

func controlPlanePods() []kubelet.StaticPod {
	kubernetes := "index.docker.io/rancher/hardened-kubernetes:" + strings.ReplaceAll(version, "+", "-")
	return []kubelet.StaticPod{
		{Name: "etcd", Image: "index.docker.io/rancher/hardened-etcd:v3.6.14-k3s1-build20260723"},
		{Name: "kube-apiserver", Image: kubernetes},
		{Name: "kube-controller-manager", Image: kubernetes},
		{Name: "kube-scheduler", Image: kubernetes},
	}
}

// memoryMiB reads the machine's memory from /proc, which every simulated machine has its own of.
func memoryMiB() (int, error) {
	content, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	var kib int
	if _, err := fmt.Sscanf(string(content), "MemTotal: %d kB", &kib); err != nil {
		return 0, fmt.Errorf("/proc/meminfo: MemTotal: %w", err)
	}
	return kib / 1024, nil
}

func processors() (int, error) {
	content, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return 0, err
	}
	return max(1, bytes.Count(content, []byte("processor\t:"))), nil
}
