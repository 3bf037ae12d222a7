package cilium

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// reconcileError is the node config's condition that carries what could not be done.
const reconcileError = "cilium.io/BGPReconcileError"

// speak brings the sessions, their routes and the node config's status to what the cluster's BGP
// resources say. What cannot be done is put in the status and does not stop the rest.
func (a *agent) speak(ctx context.Context, cidrs []netip.Prefix) error {
	config, ok, err := find[bgpNodeConfig](a.cluster, bgpNodeConfigs, a.container.Node)
	if err != nil {
		return err
	}
	if !ok {
		a.stopSpeakers()
		a.sessions.Store(nil)
		return nil
	}
	in, err := a.advertInput(cidrs)
	if err != nil {
		return err
	}
	var status bgpNodeConfigStatus
	var problems []error
	wanted := map[string]bool{}
	for _, instance := range config.Spec.BGPInstances {
		instanceStatus := bgpInstanceStatus{Name: instance.Name, LocalASN: instance.LocalASN}
		for _, peer := range instance.Peers {
			name := instance.Name + "/" + peer.Name
			wanted[name] = true
			peerStatus, failures := a.speakTo(ctx, name, instance, peer, in)
			for _, failure := range failures {
				problems = append(problems, fmt.Errorf("%s: %w", name, failure))
			}
			peerStatus.Name, peerStatus.PeerAddress, peerStatus.PeerASN = peer.Name, peer.PeerAddress, peer.PeerASN
			instanceStatus.Peers = append(instanceStatus.Peers, peerStatus)
		}
		status.BGPInstances = append(status.BGPInstances, instanceStatus)
	}
	a.sessions.Store(&status)
	for name := range a.speakers {
		if !wanted[name] {
			a.stopSpeaker(name, false)
		}
	}
	if !a.settings.bgpStatus {
		return nil
	}
	return a.writeBGPStatus(ctx, config, status, problems)
}

func (a *agent) advertInput(cidrs []netip.Prefix) (in advertInput, err error) {
	in = advertInput{node: a.container.Node, podCIDRs: cidrs}
	var failures [3]error
	in.services, failures[0] = a.core.Core().V1().Services().Lister().List(labels.Everything())
	in.endpoints, failures[1] = a.core.Discovery().V1().EndpointSlices().Lister().List(labels.Everything())
	in.advertises, failures[2] = list[bgpAdvertisement](a.cluster, bgpAdvertisements)
	slices.SortFunc(in.advertises, func(x, y bgpAdvertisement) int { return strings.Compare(x.Name, y.Name) })
	return in, errors.Join(failures[:]...)
}

// speakTo keeps one session. A session that cannot be set up as asked is ended.
func (a *agent) speakTo(ctx context.Context, name string, instance bgpInstance, peer bgpPeer, in advertInput) (bgpPeerStatus, []error) {
	config, err := a.peerConfig(peer)
	if err != nil {
		a.stopSpeaker(name, false)
		return bgpPeerStatus{}, []error{err}
	}
	wanted, err := newSession(instance, peer, config, a.container.NodeIP)
	if err == nil {
		wanted.incomplete = a.settings.legacyOrigin
		wanted.password, err = a.password(ctx, config.AuthSecretRef)
	}
	if err != nil {
		a.stopSpeaker(name, false)
		return bgpPeerStatus{}, []error{err}
	}
	current := a.speakers[name]
	if current != nil && current.session != wanted {
		a.stopSpeaker(name, false)
		current = nil
	}
	if current == nil {
		if current, err = startSpeaker(ctx, wanted, a.changed.Notify); err != nil {
			return bgpPeerStatus{}, []error{err}
		}
		a.speakers[name] = current
	}
	families := config.Families
	announced, refused := routes(in, families)
	if err := current.announce(announced); err != nil {
		refused = append(refused, err)
	}
	status, err := current.state(ctx)
	if err != nil {
		refused = append(refused, err)
	}
	return status, refused
}

// peerConfig returns the referenced peer config; without a reference Cilium's defaults hold, which
// announce nothing.
func (a *agent) peerConfig(peer bgpPeer) (bgpPeerConfigSpec, error) {
	if peer.PeerConfigRef == nil {
		return bgpPeerConfigSpec{}, nil
	}
	found, ok, err := find[bgpPeerConfig](a.cluster, bgpPeerConfigs, peer.PeerConfigRef.Name)
	if err == nil && !ok {
		err = fmt.Errorf("peerConfigRef: CiliumBGPPeerConfig %q does not exist", peer.PeerConfigRef.Name)
	}
	return found.Spec, err
}

// password reads the key `password` of the secret in the BGP secrets namespace, for TCP MD5 (RFC 2385).
func (a *agent) password(ctx context.Context, secret string) (string, error) {
	if secret == "" {
		return "", nil
	}
	namespace := a.settings.bgpSecrets
	if namespace == "" {
		namespace = a.container.Pod.Namespace
	}
	found, err := a.client.CoreV1().Secrets(namespace).Get(ctx, secret, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return "", fmt.Errorf("authSecretRef: secret %s/%s does not exist", namespace, secret)
	}
	if err != nil {
		return "", fmt.Errorf("authSecretRef: %w", err)
	}
	password, ok := found.Data["password"]
	if !ok || len(password) == 0 || len(password) > 80 {
		return "", fmt.Errorf("authSecretRef: secret %s/%s needs a key password of 1 to 80 bytes", namespace, secret)
	}
	return string(password), nil
}

func (a *agent) writeBGPStatus(ctx context.Context, config bgpNodeConfig, status bgpNodeConfigStatus, problems []error) error {
	status.Conditions = slices.Clone(config.Status.Conditions)
	text := ""
	if err := errors.Join(problems...); err != nil {
		text = err.Error()
	}
	condition := problem(reconcileError, "BGPReconcileError", text != "", text)
	condition.ObservedGeneration = config.Generation
	meta.SetStatusCondition(&status.Conditions, condition)
	if equality.Semantic.DeepEqual(config.Status, status) {
		return nil
	}
	return a.writeStatus(ctx, bgpNodeConfigs, config.Name, status)
}

func (a *agent) stopSpeaker(name string, restart bool) {
	if running, ok := a.speakers[name]; ok {
		if err := running.stop(restart); err != nil {
			a.container.Logger.Warn("a BGP session did not end well", "peer", name, "error", err)
		}
		delete(a.speakers, name)
	}
}

// stopSpeakers ends every session in the way of a restart.
func (a *agent) stopSpeakers() {
	for name := range a.speakers {
		a.stopSpeaker(name, true)
	}
}
