package tailscale

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// longestName keeps the label controller-revision-hash of a StatefulSet's pods within its 63 characters, and
// generatedSuffix is what the API server appends to a generated name.
const (
	longestName     = 52
	generatedSuffix = 5
)

// provision makes what the Connector needs. While its class is not ready nothing is made, and the real operator calls the
// Connector ready all the same (cmd/k8s-operator/connector.go).
func (o *operator) provision(ctx context.Context, cn *connector) error {
	class, ready, err := o.class(ctx, cn.Spec.ProxyClass)
	if err != nil {
		return fmt.Errorf("error verifying ProxyClass for Connector: error getting ProxyClass %s: %w", cn.Spec.ProxyClass, err)
	}
	if !ready {
		o.log.Info("ProxyClass specified for the Connector, but is not (yet) Ready, waiting..", "class", cn.Spec.ProxyClass)
		return nil
	}
	of := o.proxied(cn)
	if err := o.ensureProxies(ctx, of, class); err != nil {
		return err
	}
	cn.Status.Devices, err = o.devices(ctx, of)
	cn.Status.Hostname, cn.Status.TailnetIPs = "", nil
	if len(cn.Status.Devices) > 0 {
		cn.Status.Hostname, cn.Status.TailnetIPs = cn.Status.Devices[0].Hostname, cn.Status.Devices[0].TailnetIPs
	}
	return err
}

// ensureProxies makes a headless Service whose generated name all share, a Secret a replica with the proxy's settings and,
// until its device is known, its auth key, and the StatefulSet.
func (o *operator) ensureProxies(ctx context.Context, of proxied, class proxyClassSpec) error {
	service, err := o.ensureService(ctx, of)
	if err != nil {
		return fmt.Errorf("failed to reconcile headless service: %w", err)
	}
	for ordinal := range of.replicas {
		if err := o.ensureSecret(ctx, of, fmt.Sprintf("%s-%d", service.Name, ordinal), ordinal); err != nil {
			return fmt.Errorf("failed to create or get API key secret: %w", err)
		}
	}
	if err := o.removeSurplus(ctx, of, service.Name); err != nil {
		return err
	}
	if err := o.ensureStatefulSet(ctx, o.statefulSet(of, service.Name, class)); err != nil {
		return fmt.Errorf("failed to reconcile statefulset: %w", err)
	}
	if err := o.ensureMetrics(ctx, monitored{set: service.Name, pods: of.labels, kind: of.kind, parent: of.name}, class); err != nil {
		return fmt.Errorf("failed to ensure metrics resources: %w", err)
	}
	return nil
}

func (o *operator) selector(of proxied) metav1.ListOptions {
	return metav1.ListOptions{LabelSelector: labels.SelectorFromSet(of.labels).String()}
}

func (o *operator) ensureService(ctx context.Context, of proxied) (*corev1.Service, error) {
	services := o.client.CoreV1().Services(o.settings.namespace)
	found, err := services.List(ctx, o.selector(of))
	if err != nil {
		return nil, err
	}
	if len(found.Items) > 0 {
		return &found.Items[0], nil
	}
	base := "ts-" + of.name
	base = base[:min(len(base), longestName-generatedSuffix-1)] + "-"
	families := corev1.IPFamilyPolicyPreferDualStack
	return services.Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{GenerateName: base, Labels: of.labels},
		Spec: corev1.ServiceSpec{
			ClusterIP: corev1.ClusterIPNone, Selector: map[string]string{"app": string(of.uid)}, IPFamilyPolicy: &families,
		},
	}, metav1.CreateOptions{})
}

// ensureSecret writes a replica's settings. A key is minted once, for a new Secret, and leaves it when the device is
// known.
func (o *operator) ensureSecret(ctx context.Context, of proxied, name string, ordinal int32) error {
	secrets := o.client.CoreV1().Secrets(o.settings.namespace)
	current, err := secrets.Get(ctx, name, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	missing := apierrors.IsNotFound(err)
	config := proxyConfig{
		Version: "alpha0", Hostname: of.hostname(ordinal), AdvertiseRoutes: of.routes,
	}
	if missing || len(current.Data[keyDeviceID]) == 0 {
		if config.AuthKey, err = o.authKey(ctx, of.tags, name, current, missing); err != nil {
			return err
		}
	}
	text, err := json.Marshal(config)
	if err != nil {
		return err
	}
	data := map[string][]byte{keyConfig: text}
	if missing {
		_, err = secrets.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: of.labels}, Data: data,
		}, metav1.CreateOptions{})
		return err
	}
	if bytes.Equal(current.Data[keyConfig], text) {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		return err
	}
	_, err = secrets.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// authKey is the key by which a proxy joins: minted once, for settings that are missing, and from then on theirs.
func (o *operator) authKey(ctx context.Context, tags []string, name string, settings *corev1.Secret, missing bool) (string, error) {
	if missing {
		if len(tags) == 0 {
			tags = o.settings.proxyTags
		}
		return o.api.mintKey(ctx, tags)
	}
	before, err := readConfig(settings)
	if err != nil {
		return "", fmt.Errorf("secret %s: %s: %w", name, keyConfig, err)
	}
	return before.AuthKey, nil
}

// removeSurplus removes Secrets and devices of replicas that are not wanted any more.
func (o *operator) removeSurplus(ctx context.Context, of proxied, base string) error {
	secrets := o.client.CoreV1().Secrets(o.settings.namespace)
	found, err := secrets.List(ctx, o.selector(of))
	if err != nil {
		return err
	}
	for _, secret := range found.Items {
		var ordinal int32
		if _, err := fmt.Sscanf(secret.Name, base+"-%d", &ordinal); err != nil {
			return fmt.Errorf("secret %s: its name does not begin with %s-", secret.Name, base)
		}
		if ordinal < of.replicas {
			continue
		}
		if err := o.deleteDevice(ctx, &secret); err != nil {
			return err
		}
		if err := secrets.Delete(ctx, secret.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	return nil
}

// deleteDevice removes the device that the Secret is the state of, if there is one.
func (o *operator) deleteDevice(ctx context.Context, secret *corev1.Secret) error {
	id := string(secret.Data[keyDeviceID])
	if id == "" {
		return nil
	}
	if err := o.api.deleteDevice(ctx, id); err != nil {
		return fmt.Errorf("deleting device: %w", err)
	}
	return nil
}

// devices are those of which the Secrets tell.
func (o *operator) devices(ctx context.Context, of proxied) (devices []connectorDevice, err error) {
	found, err := o.client.CoreV1().Secrets(o.settings.namespace).List(ctx, o.selector(of))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found.Items, func(a, b corev1.Secret) int { return strings.Compare(a.Name, b.Name) })
	for _, secret := range found.Items {
		if len(secret.Data[keyDeviceID]) == 0 {
			continue
		}
		one := connectorDevice{Hostname: strings.TrimSuffix(string(secret.Data[keyDeviceFQDN]), ".")}
		if err := json.Unmarshal(secret.Data[keyDeviceIPs], &one.TailnetIPs); err != nil {
			return nil, fmt.Errorf("secret %s: %s: %w", secret.Name, keyDeviceIPs, err)
		}
		devices = append(devices, one)
	}
	return devices, nil
}
