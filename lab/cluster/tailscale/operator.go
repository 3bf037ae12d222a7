// Package tailscale is what the lab's kubelet runs for Tailscale's images in a cluster: the operator, which makes a
// StatefulSet, Secrets and auth keys for each Connector, each Service with a device of its own and each ProxyGroup of egress
// and removes them with the devices, and the proxy, which is such a device. Both are real members of the lab's tailnet; of
// packets those that come from the tailnet are played. The operator's other kinds, Services that lead to the tailnet without a
// group, and Ingresses are told that the lab does not play them.
package tailscale

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/record"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/passes"
	"homelab/lab/machines/tailscale/control"
)

// again is the pause before what failed is tried once more; the real operator's grows from 5 ms to 1,000 s.
const again = 3 * time.Second

// operator is the operator's work.
type operator struct {
	settings settings
	client   kubernetes.Interface
	dynamic  dynamic.Interface
	api      *api
	recorder record.EventRecorder
	log      interface {
		Info(string, ...any)
		Warn(string, ...any)
	}
	changed passes.Changes
	// refused are the objects, by UID, that were told that the lab does not play them.
	refused map[string]bool
}

// RunOperator joins the tailnet with a key that its OAuth client makes and reconciles until ctx ends. As with the
// real operator, bad credentials are a crash; unlike it, the pod is ready only once its device is in the tailnet.
func RunOperator(ctx context.Context, c program.Container) error {
	return runOperator(ctx, c, apiURL, &control.Client{URL: control.URL})
}

func runOperator(ctx context.Context, c program.Container, base string, plane *control.Client) error {
	s, err := readSettings(c)
	if err != nil {
		return err
	}
	id, secret, err := readCredentials(ctx, c)
	if err != nil {
		return err
	}
	client, custom, err := c.Clients()
	if err != nil {
		return err
	}
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	defer broadcaster.Shutdown()
	o := &operator{
		settings: s, client: client, dynamic: custom, api: newAPI(base, id, secret), log: c.Logger,
		recorder: broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "tailscale-operator"}),
		changed:  passes.NewChanges(), refused: map[string]bool{},
	}
	d := &device{
		control: plane, client: client, namespace: s.namespace, secret: s.secret, log: c.Logger, again: make(chan struct{}, 1),
	}
	if err := o.joinTailnet(ctx, d); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	c.Ready(true)
	return o.work(ctx, d)
}

// joinTailnet makes the operator a device of its own.
func (o *operator) joinTailnet(ctx context.Context, d *device) error {
	secret, err := o.client.CoreV1().Secrets(o.settings.namespace).Get(ctx, o.settings.secret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		secret, err = &corev1.Secret{}, nil
	}
	if err != nil {
		return fmt.Errorf("cannot read its state: %w", err)
	}
	d.set(o.settings.hostname, nil)
	mint := func() (string, error) {
		key, err := o.api.mintKey(ctx, o.settings.tags)
		if err != nil {
			return "", fmt.Errorf("creating operator authkey: %w", err)
		}
		return key, nil
	}
	_, err = d.join(ctx, secret, mint, nil)
	if _, removed := control.Refused(err); removed && len(secret.Data[keyState]) > 0 {
		o.log.Warn("the tailnet does not know the operator's device any more, making a new one", "error", err)
		_, err = d.join(ctx, &corev1.Secret{}, mint, nil)
	}
	return err
}

// work reconciles and keeps the operator's device online; it ends when one of the two does.
func (o *operator) work(ctx context.Context, d *device) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	lost := make(chan error, 1)
	go func() {
		defer stop()
		lost <- d.stay(ctx)
	}()
	shutdown, err := o.watch(ctx)
	if err == nil {
		passes.Repeat(ctx, o.changed, again, o.log, o.pass)
	}
	stop()
	shutdown()
	return errors.Join(err, <-lost)
}

func (o *operator) pass(ctx context.Context) error {
	return errors.Join(
		o.reconcileProxyClasses(ctx), o.reconcileConnectors(ctx), o.reconcileProxyGroups(ctx), o.reconcileEgress(ctx), o.reconcileIngress(ctx),
		o.reconcileDNSConfigs(ctx),
		o.refuseKinds(ctx), o.refuseExposed(ctx),
	)
}
