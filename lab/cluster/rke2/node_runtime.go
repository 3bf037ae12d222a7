package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"homelab/lab/cluster/kubelet"
	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/process"

	"k8s.io/klog/v2"
)

// runtimeCommand runs the kubelet with the node's pods. A real kubelet restarts with rke2, and the
// pods live on in containers; here the pods are parts of the kubelet's process, so that this
// process lives on, and is told of changed settings instead.
const runtimeCommand = "node-runtime"

// kubeletRetry is how often RKE2 starts a kubelet that ends (rke2, pkg/executor/staticpod, Kubelet).
const kubeletRetry = 5 * time.Second

// runtimeChild writes options down for the node's runtime and returns its process.
func runtimeChild(c *config.Config, options kubelet.Options, log *slog.Logger) (*process.Child, error) {
	content, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	file := c.Layout.KubeletOptions()
	if err := certs.Write(file, content, 0o600); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return &process.Child{
		Name: "kubelet", Path: self, Args: []string{runtimeCommand, file, options.NodeName, options.NodeIP},
		// Another release of rke2, or another cluster, needs another process.
		Files:  []string{self, options.Kubeconfig, c.Layout.Agent("server-ca.crt")},
		Layout: c.Layout, Node: c.NodeName, Reload: syscall.SIGHUP, Log: log,
	}, nil
}

// watchKubelet says of a kubelet that refuses its arguments what RKE2 does, which goes on without it.
func watchKubelet(ctx context.Context, options kubelet.Options, log *slog.Logger) {
	for kubelet.Validate(options) != nil {
		log.Error("Kubelet exited: exit status 1")
		select {
		case <-ctx.Done():
			return
		case <-time.After(kubeletRetry):
		}
	}
}

// nodeRuntime is `rke2 node-runtime FILE NODE ADDRESS`: it runs the node's pods until SIGTERM, and
// reads FILE again at SIGHUP.
func nodeRuntime(args []string, log *slog.Logger) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	if len(args) != 3 {
		return errors.New("Error: rke2 node-runtime is not for people: rke2 server and rke2 agent start it, please run one of those")
	}
	klog.SetSlogLogger(log)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	options, err := runtimeOptions(args[0], log)
	if err != nil {
		return err
	}
	// A machine that has just booted, or is new, has no containers either.
	for kubelet.Validate(options) != nil {
		kubelet.Complain(kubelet.Validate(options))
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
		}
		if options, err = runtimeOptions(args[0], log); err != nil {
			return err
		}
	}
	reload := make(chan kubelet.Options)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangup:
			}
			changed, err := runtimeOptions(args[0], log)
			if err != nil {
				log.Error("Keeping the earlier options: " + err.Error())
				continue
			}
			select {
			case <-ctx.Done():
			case reload <- changed:
			}
		}
	}()
	return kubelet.Run(ctx, options, reload)
}

func runtimeOptions(path string, log *slog.Logger) (options kubelet.Options, err error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return options, err
	}
	if err := json.Unmarshal(content, &options); err != nil {
		return options, fmt.Errorf("%s: %w", path, err)
	}
	options.Logger = log.With("component", "kubelet")
	return options, nil
}
