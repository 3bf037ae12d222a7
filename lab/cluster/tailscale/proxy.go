package tailscale

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/machines/tailscale/control"
)

// RunProxy is a proxy pod that the operator made: it becomes a device with the key and the settings of its Secret,
// keeps its membership there, and stays online. Changed settings reach the tailnet without a restart. Of what it passes on
// TCP connections alone are played: for those who make them at ForwardPort, and from egress proxies to Services' devices.
func RunProxy(ctx context.Context, c program.Container) error {
	client, err := kubernetes.NewForConfig(c.API)
	if err != nil {
		return err
	}
	return runProxy(ctx, c, client, &control.Client{URL: control.URL})
}

func runProxy(ctx context.Context, c program.Container, client kubernetes.Interface, plane *control.Client) error {
	name := c.Env["TS_KUBE_SECRET"]
	if name == "" || c.Env["TS_EXPERIMENTAL_VERSIONED_CONFIG_DIR"] == "" {
		return errors.New("TS_KUBE_SECRET and TS_EXPERIMENTAL_VERSIONED_CONFIG_DIR: " +
			"the lab only runs the proxies that the operator makes for Connectors, Services and ProxyGroups")
	}
	namespace := c.Pod.Namespace
	secret, err := client.CoreV1().Secrets(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("cannot read its configuration: %w", err)
	}
	group := c.Env["TS_INTERNAL_APP"] == appEgress
	config, err := readConfig(secret)
	if group {
		config, err = mountedConfig(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("secret %s: %s: %w", name, keyConfig, err)
	}
	d := &device{
		control: plane, client: client, namespace: namespace, secret: name, log: c.Logger, again: make(chan struct{}, 1),
	}
	d.set(config.Hostname, config.AdvertiseRoutes)
	if to := c.Env[destination]; to != "" {
		if d.leadsTo, err = netip.ParseAddr(to); err != nil {
			return fmt.Errorf("%s: %w", destination, err)
		}
	}
	key := func() (string, error) {
		if config.AuthKey == "" {
			return "", fmt.Errorf("secret %s holds neither a membership nor an auth key; delete the Connector, Service or ProxyGroup and make it again", name)
		}
		return config.AuthKey, nil
	}
	if _, err := d.join(ctx, secret, key, map[string][]byte{keyPodUID: []byte(c.Pod.UID)}); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("tailscaled: %w", err)
	}
	if err := d.tellMetrics(ctx, c); err != nil {
		return err
	}
	if group {
		// What a group's proxies are told of themselves does not change while they run.
		proxy := &egressProxy{device: d, container: c, doors: doors{}}
		defer proxy.doors.close()
		d.seen = proxy.look
		c.Ready(true)
		return d.stay(ctx)
	}
	if c.PodIP.IsValid() {
		if err := d.forward(ctx, c.PodIP); err != nil {
			return err
		}
	}
	following, stop := context.WithCancel(ctx)
	defer stop()
	if d.leadsTo.IsValid() && c.PodIP.IsValid() {
		go d.relayed(following, c.PodIP)
	}
	c.Ready(true)
	followed, err := d.follow(following)
	if err != nil {
		return err
	}
	defer followed.Shutdown()
	defer stop()
	return d.stay(ctx)
}

// follow applies the Secret's configuration after each change of it.
func (d *device) follow(ctx context.Context) (informers.SharedInformerFactory, error) {
	factory := informers.NewSharedInformerFactoryWithOptions(d.client, 0, informers.WithNamespace(d.namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", d.secret).String()
		}))
	apply := func(object any) {
		secret, ok := object.(*corev1.Secret)
		if !ok || secret.Name != d.secret {
			return
		}
		config, err := readConfig(secret)
		if err != nil {
			d.log.Warn("the new configuration cannot be read and is not used", "secret", d.secret, "error", err)
			return
		}
		d.set(config.Hostname, config.AdvertiseRoutes)
	}
	_, err := factory.Core().V1().Secrets().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: apply, UpdateFunc: func(_, changed any) { apply(changed) },
	})
	factory.Start(ctx.Done())
	return factory, err
}
