package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"time"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/config"
	"homelab/lab/cluster/rke2/loadbalancer"
	"homelab/lab/cluster/rke2/node"
	"homelab/lab/cluster/rke2/supervisor"

	discovery "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

const (
	apiPort         = "6443"
	supervisorLocal = "127.0.0.1:6444"
	apiLocal        = "127.0.0.1:6443"
	// An agent that waits for its server says so this often.
	sayAgain = 5 * time.Second
)

// agent is `rke2 agent`.
type agent struct {
	c               *config.Config
	log             *slog.Logger
	supervisor, api *loadbalancer.Balancer
}

func (a *agent) start(ctx context.Context, run *tasks) error {
	if err := a.balance(run); err != nil {
		return err
	}
	settings, err := a.join(ctx)
	if err != nil {
		return err
	}
	if err := a.watchServers(ctx, run); err != nil {
		return err
	}
	err = runKubelet(ctx, run, a.c, settings.ClusterDNS, settings.ClusterDomain, settings.CloudController, a.log)
	if err != nil {
		return err
	}
	a.log.Info("rke2 agent is up and running")
	return nil
}

// balance opens the load balancers on the loopback address: 6444 for supervisors, 6443 for
// apiservers. Both know the configured server and those kept from an earlier run.
func (a *agent) balance(run *tasks) error {
	u, err := url.Parse(a.c.Server)
	if err != nil {
		return err
	}
	for _, b := range []struct {
		into                     **loadbalancer.Balancer
		name, file, first, local string
	}{
		{&a.supervisor, "rke2-agent-load-balancer", "rke2-agent-load-balancer.json", u.Host, supervisorLocal},
		{&a.api, "rke2-api-server-agent-load-balancer", "rke2-api-server-agent-load-balancer.json",
			net.JoinHostPort(u.Hostname(), apiPort), apiLocal},
	} {
		balancer, err := loadbalancer.New(b.name, a.c.Layout.Agent("etc", b.file), b.first, a.log)
		if err != nil {
			return err
		}
		listener, err := net.Listen("tcp", b.local)
		if err != nil {
			return fmt.Errorf("load balancer %s: %w", b.name, err)
		}
		*b.into = balancer
		run.start(b.name, func(ctx context.Context) error { return balancer.Serve(ctx, listener) })
	}
	return nil
}

// join gets this node's certificates, waiting for a server that does not answer yet. A refusal
// (token, node password, version) ends the start with its reason.
func (a *agent) join(ctx context.Context) (supervisor.Settings, error) {
	password, err := node.Password()
	if err != nil {
		return supervisor.Settings{}, err
	}
	who := supervisor.Identity{
		NodeName: a.c.NodeName, NodePassword: password, NodeIP: a.c.NodeIP, Version: version, Role: "agent",
	}
	said := time.Time{}
	for {
		settings, err := a.tryJoin(ctx, who)
		if err == nil {
			return settings, nil
		}
		if refusal(err) {
			return settings, err
		}
		if time.Since(said) > sayAgain {
			said = time.Now()
			a.log.Info("Waiting to retrieve agent configuration; server is not ready: " + err.Error())
		}
		select {
		case <-ctx.Done():
			return settings, ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// refusal tells an answer that will not change by waiting from a server that is not there yet.
func refusal(err error) bool {
	failed := (*supervisor.StatusError)(nil)
	if errors.As(err, &failed) {
		return failed.Code < 500
	}
	netError := net.Error(nil)
	return !errors.As(err, &netError)
}

func (a *agent) tryJoin(ctx context.Context, who supervisor.Identity) (supervisor.Settings, error) {
	l := a.c.Layout
	client, err := supervisor.Connect(ctx, "https://"+supervisorLocal, a.c.Token, who, a.log)
	if err != nil {
		return supervisor.Settings{}, err
	}
	settings, err := client.Settings(ctx)
	if err != nil {
		return settings, err
	}
	if err := certs.Write(l.Agent("server-ca.crt"), client.CA, 0o644); err != nil {
		return settings, err
	}
	ca, err := client.ClientCA(ctx)
	if err != nil {
		return settings, err
	}
	if err := certs.Write(l.Agent("client-ca.crt"), ca, 0o644); err != nil {
		return settings, err
	}
	for _, kind := range []string{"client-kubelet", "serving-kubelet", "client-rke2-controller"} {
		if err := client.Certificate(ctx, kind, l.Agent(kind)); err != nil {
			return settings, err
		}
	}
	for file, cert := range map[string]string{
		"kubelet.kubeconfig": "client-kubelet", "rke2controller.kubeconfig": "client-rke2-controller",
	} {
		err := certs.WriteKubeconfig(l.Agent(file), localAPI, l.Agent("server-ca.crt"), l.Agent(cert))
		if err != nil {
			return settings, err
		}
	}
	hosts, err := client.APIServers(ctx)
	if err != nil {
		return settings, err
	}
	if err := a.update(hosts); err != nil {
		return settings, err
	}
	return settings, os.MkdirAll(l.Agent("logs"), 0o755)
}

func (a *agent) update(hosts []string) error {
	var apis, supervisors []string
	for _, host := range hosts {
		apis = append(apis, net.JoinHostPort(host, apiPort))
		supervisors = append(supervisors, net.JoinHostPort(host, supervisor.Port))
	}
	return errors.Join(a.api.Update(apis), a.supervisor.Update(supervisors))
}

// watchServers keeps the load balancers' lists those of the Service kubernetes.
func (a *agent) watchServers(ctx context.Context, run *tasks) error {
	config, err := clientConfig(a.c.Layout.Agent("rke2controller.kubeconfig"))
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0,
		informers.WithNamespace(metav1.NamespaceDefault),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) {
			o.FieldSelector = fields.Everything().String()
			o.LabelSelector = discovery.LabelServiceName + "=kubernetes"
		}))
	slices := factory.Discovery().V1().EndpointSlices()
	refresh := func(any) {
		items, err := slices.Lister().List(labels.Everything())
		if err != nil {
			a.log.Error("load balancer: " + err.Error())
			return
		}
		var found []discovery.EndpointSlice
		for _, item := range items {
			found = append(found, *item)
		}
		if err := a.update(supervisor.Addresses(found)); err != nil {
			a.log.Error("load balancer: " + err.Error())
		}
	}
	_, err = slices.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: refresh, UpdateFunc: func(_, o any) { refresh(o) }, DeleteFunc: refresh,
	})
	if err != nil {
		return err
	}
	run.start("server list", func(ctx context.Context) error {
		factory.Start(ctx.Done())
		<-ctx.Done()
		factory.Shutdown()
		return nil
	})
	return ctx.Err()
}
