package tailscale

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// The conditions of a ProxyGroup and their reasons, as the real operator has them (cmd/k8s-operator/proxygroup.go).
const (
	groupReady          = "ProxyGroupReady"
	groupAvailable      = "ProxyGroupAvailable"
	groupCreating       = "ProxyGroupCreating"
	groupCreationFailed = "ProxyGroupCreationFailed"
)

// appEgress is what a proxy of a group of egress is told to be (kube/kubetypes/types.go).
const appEgress = "k8s-operator-proxygroup-egress"

var proxyGroups = kind("proxygroups")

// proxyGroup is the part of a ProxyGroup that the operator reads and writes.
type proxyGroup struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Type           string   `json:"type"`
		Replicas       *int32   `json:"replicas,omitempty"`
		Tags           []string `json:"tags,omitempty"`
		HostnamePrefix string   `json:"hostnamePrefix,omitempty"`
		ProxyClass     string   `json:"proxyClass,omitempty"`
		Tailnet        string   `json:"tailnet,omitempty"`
	} `json:"spec"`
	Status struct {
		Conditions []metav1.Condition `json:"conditions,omitempty"`
		Devices    []connectorDevice  `json:"devices,omitempty"`
	} `json:"status"`
}

func (pg *proxyGroup) replicas() int32 {
	if pg.Spec.Replicas == nil {
		return 2
	}
	return *pg.Spec.Replicas
}

func (pg *proxyGroup) hostname(ordinal int32) string {
	prefix := pg.Spec.HostnamePrefix
	if prefix == "" {
		prefix = pg.Name
	}
	return fmt.Sprintf("%s-%d", prefix, ordinal)
}

// pod is the name of a replica's pod and of the Secret with its state.
func (pg *proxyGroup) pod(ordinal int32) string { return fmt.Sprintf("%s-%d", pg.Name, ordinal) }

// egressConfig is the name of the ConfigMap that tells a group's proxies where to lead to.
func egressConfig(group string) string { return group + "-egress-config" }

func groupLabels(group string) map[string]string {
	return map[string]string{labelManaged: "true", labelParentType: "proxygroup", labelParent: group}
}

// about is what everything of a group has; all of it goes with the group.
func (pg *proxyGroup) about(name string, further map[string]string) metav1.ObjectMeta {
	controller := true
	own := groupLabels(pg.Name)
	maps.Copy(own, further)
	return metav1.ObjectMeta{Name: name, Labels: own, OwnerReferences: []metav1.OwnerReference{{
		APIVersion: group + "/v1alpha1", Kind: "ProxyGroup", Name: pg.Name, UID: pg.UID, Controller: &controller,
	}}}
}

// reconcileProxyGroups plays groups of egress; those of the other types publish Services of Tailscale's, which the lab's
// tailnet has not.
func (o *operator) reconcileProxyGroups(ctx context.Context) error {
	return o.each(ctx, proxyGroups, "proxygroup", func(object *unstructured.Unstructured, _ int) error {
		return o.reconcileProxyGroup(ctx, object)
	})
}

func (o *operator) reconcileProxyGroup(ctx context.Context, object *unstructured.Unstructured) error {
	pg, err := decode[proxyGroup](object)
	if err != nil {
		return err
	}
	if pg.Spec.Type != "egress" || pg.Spec.Tailnet != "" {
		return o.refuseObject(ctx, object, "proxygroups", groupReady)
	}
	if object.GetDeletionTimestamp() != nil {
		if err := o.deleteDevices(ctx, &pg, 0); err != nil {
			return err
		}
	}
	object, err = o.hold(ctx, proxyGroups, object)
	if err != nil || object == nil {
		return err
	}
	before := slices.Clone(pg.Status.Conditions)
	devices := pg.Status.Devices
	notReady, failed := o.provisionGroup(ctx, &pg)
	if pg.Status.Devices, err = o.runningProxies(ctx, &pg); err != nil {
		return err
	}
	reason := groupCreating
	if failed != nil {
		reason, notReady = groupCreationFailed, failed.Error()
	}
	pg.judge(object.GetGeneration(), reason, notReady)
	if reflect.DeepEqual(before, pg.Status.Conditions) && reflect.DeepEqual(devices, pg.Status.Devices) {
		return failed
	}
	if err := o.putStatus(ctx, proxyGroups, object, pg); err != nil {
		return err
	}
	return failed
}

// judge sets both conditions: that one proxy runs, and that all do and nothing else stands against it.
func (pg *proxyGroup) judge(generation int64, reason, notReady string) {
	running, wanted := len(pg.Status.Devices), int(pg.replicas())
	counted := fmt.Sprintf("%d/%d ProxyGroup pods running", running, wanted)
	available := metav1.Condition{Type: groupAvailable, Status: metav1.ConditionFalse, Reason: groupCreating, Message: counted}
	if running > 0 {
		available.Status = metav1.ConditionTrue
	}
	if running > 0 && running == wanted {
		available.Reason = groupAvailable
	}
	ready := metav1.Condition{Type: groupReady, Status: metav1.ConditionFalse, Reason: reason, Message: counted, ObservedGeneration: generation}
	switch {
	case notReady != "":
		ready.Message = notReady
	case running > wanted:
		ready.Message = fmt.Sprintf("waiting for %d ProxyGroup pods to shut down", running-wanted)
	case running == wanted:
		ready.Status, ready.Reason, ready.Message = metav1.ConditionTrue, groupReady, groupReady
	}
	meta.SetStatusCondition(&pg.Status.Conditions, available)
	meta.SetStatusCondition(&pg.Status.Conditions, ready)
}

// provisionGroup makes what the group needs. The text says what it waits for.
func (o *operator) provisionGroup(ctx context.Context, pg *proxyGroup) (notReady string, err error) {
	name := pg.Spec.ProxyClass
	if name == "" {
		name = o.settings.defaultClass
	}
	class, ready, err := o.class(ctx, name)
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Sprintf("the ProxyGroup's ProxyClass %q does not (yet) exist", name), nil
	case err != nil:
		return "", fmt.Errorf("error getting ProxyGroup's ProxyClass %q: %w", name, err)
	case !ready:
		return fmt.Sprintf("the ProxyGroup's ProxyClass %q is not yet in a ready state, waiting...", name), nil
	}
	for ordinal := range pg.replicas() {
		if err := o.ensureReplica(ctx, pg, ordinal); err != nil {
			return "", fmt.Errorf("error provisioning config Secrets: %w", err)
		}
	}
	if err := o.ensureGroupRights(ctx, pg); err != nil {
		return "", err
	}
	_, err = o.client.CoreV1().ConfigMaps(o.settings.namespace).Create(ctx, &corev1.ConfigMap{
		ObjectMeta: pg.about(egressConfig(pg.Name), nil),
	}, metav1.CreateOptions{})
	if err := present(err); err != nil {
		return "", fmt.Errorf("error provisioning egress ConfigMap %q: %w", egressConfig(pg.Name), err)
	}
	if err := o.ensureStatefulSet(ctx, o.groupSet(pg, class)); err != nil {
		return "", fmt.Errorf("error provisioning StatefulSet: %w", err)
	}
	monitored := monitored{set: pg.Name, pods: groupLabels(pg.Name), kind: "proxygroup", parent: pg.Name}
	if err := o.ensureMetrics(ctx, monitored, class); err != nil {
		return "", fmt.Errorf("error reconciling metrics resources: %w", err)
	}
	if err := o.deleteDevices(ctx, pg, pg.replicas()); err != nil {
		return "", fmt.Errorf("error cleaning up dangling resources: %w", err)
	}
	return "", nil
}

// ensureReplica writes a replica's two Secrets: with its settings, from which the auth key goes when the device is known, and
// with its state, which the proxy fills.
func (o *operator) ensureReplica(ctx context.Context, pg *proxyGroup, ordinal int32) error {
	secrets := o.client.CoreV1().Secrets(o.settings.namespace)
	state, err := secrets.Get(ctx, pg.pod(ordinal), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		state, err = secrets.Create(ctx, &corev1.Secret{
			ObjectMeta: pg.about(pg.pod(ordinal), map[string]string{labelSecretType: "state"}),
		}, metav1.CreateOptions{})
	}
	if err != nil {
		return err
	}
	name := pg.pod(ordinal) + "-config"
	current, err := secrets.Get(ctx, name, metav1.GetOptions{})
	missing := apierrors.IsNotFound(err)
	if err != nil && !missing {
		return err
	}
	config := proxyConfig{Version: "alpha0", Hostname: pg.hostname(ordinal), AdvertiseRoutes: []string{}}
	if len(state.Data[keyDeviceID]) == 0 {
		if config.AuthKey, err = o.authKey(ctx, pg.Spec.Tags, name, current, missing); err != nil {
			return err
		}
	}
	text, err := json.Marshal(config)
	if err != nil {
		return err
	}
	if missing {
		_, err = secrets.Create(ctx, &corev1.Secret{
			ObjectMeta: pg.about(name, map[string]string{labelSecretType: "config"}), Data: map[string][]byte{keyConfig: text},
		}, metav1.CreateOptions{})
		return err
	}
	if string(current.Data[keyConfig]) == string(text) {
		return nil
	}
	current.Data = map[string][]byte{keyConfig: text}
	_, err = secrets.Update(ctx, current, metav1.UpdateOptions{})
	return err
}

// ensureGroupRights lets the group's pods read and write their Secrets (cmd/k8s-operator/proxygroup_specs.go: pgRole).
func (o *operator) ensureGroupRights(ctx context.Context, pg *proxyGroup) error {
	namespace := o.settings.namespace
	_, err := o.client.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: pg.about(pg.Name, nil)}, metav1.CreateOptions{})
	if err := present(err); err != nil {
		return fmt.Errorf("error provisioning ServiceAccount: %w", err)
	}
	var own []string
	for ordinal := range pg.replicas() {
		own = append(own, pg.pod(ordinal)+"-config", pg.pod(ordinal))
	}
	roles := o.client.RbacV1().Roles(namespace)
	role := &rbacv1.Role{ObjectMeta: pg.about(pg.Name, nil), Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"list", "watch"}},
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "patch", "update"}, ResourceNames: own},
		{APIGroups: []string{""}, Resources: []string{"events"}, Verbs: []string{"create", "patch", "get"}},
	}}
	current, err := roles.Get(ctx, pg.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		_, err = roles.Create(ctx, role, metav1.CreateOptions{})
	case err == nil && !reflect.DeepEqual(current.Rules, role.Rules):
		current.Rules = role.Rules
		_, err = roles.Update(ctx, current, metav1.UpdateOptions{})
	}
	if err != nil {
		return fmt.Errorf("error provisioning Role: %w", err)
	}
	_, err = o.client.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: pg.about(pg.Name, nil),
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: pg.Name, Namespace: namespace}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: pg.Name},
	}, metav1.CreateOptions{})
	if err := present(err); err != nil {
		return fmt.Errorf("error provisioning RoleBinding: %w", err)
	}
	return nil
}

// groupSet is the group's StatefulSet: as a Connector's, with settings and state in Secrets apart and the ConfigMap mounted.
func (o *operator) groupSet(pg *proxyGroup, class proxyClassSpec) *appsv1.StatefulSet {
	replicas := pg.replicas()
	spec := o.podSpec(pg.Name, replicas)
	spec.ServiceAccountName = pg.Name
	for i := range spec.Volumes {
		spec.Volumes[i].Secret.SecretName += "-config"
	}
	config := egressConfig(pg.Name)
	spec.Volumes = append(spec.Volumes, corev1.Volume{Name: config, VolumeSource: corev1.VolumeSource{
		ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: config}},
	}})
	container := &spec.Containers[0]
	container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{Name: config, MountPath: egressFolder, ReadOnly: true})
	container.Env = append(container.Env,
		corev1.EnvVar{Name: "TS_EGRESS_PROXIES_CONFIG_PATH", Value: egressFolder},
		corev1.EnvVar{Name: "TS_INTERNAL_APP", Value: appEgress})
	applyClass(&spec, class)
	about := pg.about(pg.Name, nil)
	return &appsv1.StatefulSet{
		ObjectMeta: about,
		Spec: appsv1.StatefulSetSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: groupLabels(pg.Name)},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: groupLabels(pg.Name)}, Spec: spec},
		},
	}
}

// states are the Secrets with the state of a group's proxies.
func (o *operator) states(ctx context.Context, group string) ([]corev1.Secret, error) {
	own := groupLabels(group)
	own[labelSecretType] = "state"
	found, err := o.client.CoreV1().Secrets(o.settings.namespace).List(ctx, metav1.ListOptions{LabelSelector: labels.SelectorFromSet(own).String()})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found.Items, func(a, b corev1.Secret) int { return strings.Compare(a.Name, b.Name) })
	return found.Items, nil
}

// deleteDevices removes the devices and Secrets of replicas from the first that is not wanted.
func (o *operator) deleteDevices(ctx context.Context, pg *proxyGroup, first int32) error {
	states, err := o.states(ctx, pg.Name)
	if err != nil {
		return err
	}
	secrets := o.client.CoreV1().Secrets(o.settings.namespace)
	for i := range states {
		var ordinal int32
		if _, err := fmt.Sscanf(states[i].Name, pg.Name+"-%d", &ordinal); err != nil {
			return fmt.Errorf("secret %s: its name does not begin with %s-", states[i].Name, pg.Name)
		}
		if ordinal < first {
			continue
		}
		if err := o.deleteDevice(ctx, &states[i]); err != nil {
			return err
		}
		for _, name := range []string{states[i].Name + "-config", states[i].Name} {
			if err := secrets.Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
				return err
			}
		}
	}
	return nil
}

// runningProxies are the devices of the pods that there are: a Secret that another pod filled says nothing of this one.
func (o *operator) runningProxies(ctx context.Context, pg *proxyGroup) ([]connectorDevice, error) {
	proxies, err := o.proxies(ctx, pg.Name)
	if err != nil {
		return nil, err
	}
	var devices []connectorDevice
	for _, proxy := range proxies {
		said := proxy.state.Data
		hostname, _, named := strings.Cut(string(said[keyDeviceFQDN]), ".")
		if string(said[keyPodUID]) != string(proxy.pod.UID) || !named {
			continue
		}
		device := connectorDevice{Hostname: hostname}
		if err := json.Unmarshal(said[keyDeviceIPs], &device.TailnetIPs); err != nil {
			return nil, fmt.Errorf("secret %s: %s: %w", proxy.state.Name, keyDeviceIPs, err)
		}
		devices = append(devices, device)
	}
	return devices, nil
}

// groupProxy is a pod of a group, and the Secret of its name in which it says how it is.
type groupProxy struct {
	pod   *corev1.Pod
	state corev1.Secret
}

// proxies are those of a group that have both a Secret and a pod.
func (o *operator) proxies(ctx context.Context, group string) ([]groupProxy, error) {
	states, err := o.states(ctx, group)
	if err != nil {
		return nil, err
	}
	var proxies []groupProxy
	for _, state := range states {
		pod, err := o.client.CoreV1().Pods(o.settings.namespace).Get(ctx, state.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		proxies = append(proxies, groupProxy{pod: pod, state: state})
	}
	return proxies, nil
}
