package tailscale

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"homelab/lab/machines/tailscale/control"
)

// keyState is the key of a Secret with the device's membership, so that a new pod is the same device.
const keyState = "profile-lab"

// membership is what keyState holds.
type membership struct {
	NodeKey string
	NodeID  string
}

// device is a pod's device in the tailnet.
type device struct {
	control   *control.Client
	client    kubernetes.Interface
	namespace string
	// secret is the name of the Secret with the state.
	secret string
	log    interface {
		Info(string, ...any)
		Warn(string, ...any)
	}

	// leadsTo is where it hands what comes to its own addresses; none where that is nowhere.
	leadsTo   netip.Addr
	addresses []string
	// id is what others know it by at DeviceHeader.
	id string

	// seen, where there is one, is given what the control plane tells.
	seen func(context.Context, control.MapResponse)

	mu     sync.Mutex
	report control.MapRequest
	again  chan struct{}
}

// set changes what is reported, and reports it ahead of time when it is new.
func (d *device) set(hostname string, advertised []string) {
	others, exit := control.SplitExit(advertised)
	d.mu.Lock()
	d.report.Hostname, d.report.Routes, d.report.ExitNode = hostname, others, exit
	d.mu.Unlock()
	select {
	case d.again <- struct{}{}:
	default:
	}
}

func (d *device) current() control.MapRequest {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.report
}

// join makes the pod the device that its Secret knows, else a new one with the key that mint gives, and keeps the
// membership in the Secret together with extra.
func (d *device) join(ctx context.Context, secret *corev1.Secret, mint func() (string, error), extra map[string][]byte) (control.RegisterResponse, error) {
	var known membership
	if text, ok := secret.Data[keyState]; ok {
		if err := json.Unmarshal(text, &known); err != nil {
			return control.RegisterResponse{}, fmt.Errorf("secret %s: %s: %w", d.secret, keyState, err)
		}
	}
	report := d.current()
	request := control.RegisterRequest{
		NodeKey: known.NodeKey, Hostname: report.Hostname, Routes: report.Routes, ExitNode: report.ExitNode,
	}
	if known.NodeKey == "" {
		key, err := mint()
		if err != nil {
			return control.RegisterResponse{}, err
		}
		request.AuthKey, request.NodeKey = key, control.NewNodeKey()
	}
	response, err := d.control.RegisterPatiently(ctx, func() control.RegisterRequest { return request }, func(err error) {
		d.log.Warn("control: register failed, trying again", "error", err)
	})
	if err != nil {
		return response, err
	}
	d.mu.Lock()
	d.report.NodeKey = response.NodeKey
	d.addresses, d.id = response.Addresses, response.DeviceID
	d.mu.Unlock()
	d.log.Info("registered", "name", response.Name, "addresses", response.Addresses, "tags", response.Tags)
	return response, d.store(ctx, response, extra)
}

// store writes what the Secret holds of the device; the Secret is made if it is missing.
func (d *device) store(ctx context.Context, response control.RegisterResponse, extra map[string][]byte) error {
	state, err := json.Marshal(membership{NodeKey: response.NodeKey, NodeID: response.NodeID})
	if err != nil {
		return err
	}
	addresses, err := json.Marshal(response.Addresses)
	if err != nil {
		return err
	}
	data := map[string][]byte{
		keyState: state, keyDeviceID: []byte(response.NodeID), keyDeviceFQDN: []byte(response.Name), keyDeviceIPs: addresses,
	}
	for key, value := range extra {
		data[key] = value
	}
	patch, err := json.Marshal(map[string]any{"data": data})
	if err != nil {
		return err
	}
	secrets := d.client.CoreV1().Secrets(d.namespace)
	_, err = secrets.Patch(ctx, d.secret, types.MergePatchType, patch, metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		_, err = secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: d.secret}, Data: data}, metav1.CreateOptions{})
	}
	return err
}

// stay keeps the device online until ctx ends, which is no error, or the control plane refuses it.
func (d *device) stay(ctx context.Context) error {
	err := d.control.Heartbeat(ctx, d.current, d.again, func(told control.MapResponse, err error) {
		if err != nil {
			d.log.Warn("control: map failed, trying again", "error", err)
		} else if d.seen != nil {
			d.seen(ctx, told)
		}
	})
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("the tailnet does not know the device any more: %w", err)
}
