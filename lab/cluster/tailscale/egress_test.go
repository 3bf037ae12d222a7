package tailscale

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"net/netip"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/machines/tailscale/control"
)

// putGroup makes the group of egress, of the class "egress".
func (w *world) putGroup() {
	w.t.Helper()
	_, err := w.dynamic.Resource(proxyGroups).Create(w.t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": group + "/v1alpha1", "kind": "ProxyGroup", "metadata": map[string]any{"name": "egress", "uid": "uid-egress"},
		"spec": map[string]any{
			"type": "egress", "replicas": int64(2), "tags": []any{"tag:home-connector"}, "hostnamePrefix": "home-egress", "proxyClass": "egress",
		},
	}}, metav1.CreateOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) group() proxyGroup {
	w.t.Helper()
	object, err := w.dynamic.Resource(proxyGroups).Get(w.t.Context(), "egress", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	pg, err := decode[proxyGroup](object)
	if err != nil {
		w.t.Fatal(err)
	}
	return pg
}

func (w *world) passes() {
	w.t.Helper()
	// A class becomes ready in one pass and is used in the same; what was made in one is seen in the next.
	for range 2 {
		if err := w.pass(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
}

func said(t *testing.T, conditions []metav1.Condition, kind string) metav1.Condition {
	t.Helper()
	found := meta.FindStatusCondition(conditions, kind)
	if found == nil {
		t.Fatalf("no condition %s: %+v", kind, conditions)
	}
	return *found
}

// groupPod is a pod of the group's StatefulSet, with its volumes.
func (w *world) groupPod(name, address string) program.Container {
	w.t.Helper()
	set, err := w.client.AppsV1().StatefulSets(namespace).Get(w.t.Context(), "egress", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID("uid-" + name), Labels: groupLabels("egress")},
		Spec:       set.Spec.Template.Spec, Status: corev1.PodStatus{PodIP: address},
	}
	if _, err := w.client.CoreV1().Pods(namespace).Create(w.t.Context(), pod, metav1.CreateOptions{}); err != nil {
		w.t.Fatal(err)
	}
	source := func(volume string) corev1.VolumeSource {
		at := slices.IndexFunc(pod.Spec.Volumes, func(one corev1.Volume) bool { return one.Name == volume })
		return pod.Spec.Volumes[at].VolumeSource
	}
	return program.Container{
		Pod: pod, Spec: &pod.Spec.Containers[0], PodIP: netip.MustParseAddr(address), Logger: silent, Ready: func(bool) {},
		Env: map[string]string{
			"TS_KUBE_SECRET": name, "TS_EXPERIMENTAL_VERSIONED_CONFIG_DIR": "/etc/tsconfig/" + name, "TS_INTERNAL_APP": appEgress,
		},
		SecretVolume: func(ctx context.Context, volume string) (map[string]string, error) {
			secret, err := w.client.CoreV1().Secrets(namespace).Get(ctx, source(volume).Secret.SecretName, metav1.GetOptions{})
			if err != nil {
				return nil, err
			}
			return map[string]string{keyConfig: string(secret.Data[keyConfig])}, nil
		},
		ConfigVolume: func(ctx context.Context, volume string) (map[string]string, error) {
			config, err := w.client.CoreV1().ConfigMaps(namespace).Get(ctx, source(volume).ConfigMap.Name, metav1.GetOptions{})
			if err != nil {
				return nil, err
			}
			return map[string]string{keyEgress: string(config.BinaryData[keyEgress])}, nil
		},
	}
}

// startGroup runs both proxies until they are ready, and returns them with nothing but what they look at.
func (w *world) startGroup() []*egressProxy {
	w.t.Helper()
	var proxies []*egressProxy
	for name, address := range map[string]string{"egress-0": "10.42.0.7", "egress-1": "10.42.1.7"} {
		c := w.groupPod(name, address)
		ready := make(chan struct{})
		c.Ready = func(bool) { close(ready) }
		ctx, stop := context.WithCancel(w.t.Context())
		ended := make(chan error, 1)
		go func() { ended <- runProxy(ctx, c, w.client, &control.Client{URL: w.tailnet.URL}) }()
		select {
		case <-ready:
		case err := <-ended:
			w.t.Fatalf("%s ended: %v", name, err)
		}
		stop()
		if err := <-ended; err != nil {
			w.t.Fatal(err)
		}
		d := w.device()
		d.secret = name
		proxies = append(proxies, &egressProxy{device: d, container: c})
	}
	return proxies
}

func (w *world) putEgress(annotations map[string]string) {
	w.t.Helper()
	annotations[annotationGroup] = "egress"
	_, err := w.client.CoreV1().Services(namespace).Create(w.t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "nas", Namespace: namespace, Annotations: annotations},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "egress.invalid", Ports: []corev1.ServicePort{
			{Name: "tcp-445", Port: 445, Protocol: corev1.ProtocolTCP}, {Name: "tcp-9002", Port: 9002, Protocol: corev1.ProtocolTCP},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) egress() *corev1.Service {
	w.t.Helper()
	service, err := w.client.CoreV1().Services(namespace).Get(w.t.Context(), "nas", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return service
}

var nas = control.Peer{Name: "nas.tail1234.ts.net", Addresses: []string{"100.64.0.9"}}

func TestAGroupWaitsForItsClassAndIsReadyOnceAllOfItsPodsAreDevices(t *testing.T) {
	w := newWorld(t)
	w.putGroup()
	w.passes()
	if ready := said(t, w.group().Status.Conditions, groupReady); ready.Status != "False" || !strings.Contains(ready.Message, "does not (yet) exist") {
		t.Errorf("without its class: %+v", ready)
	}
	w.putClassOf("egress", overHosts)
	w.passes()
	if ready := said(t, w.group().Status.Conditions, groupReady); ready.Status != "False" || ready.Message != "0/2 ProxyGroup pods running" {
		t.Errorf("without pods: %+v", ready)
	}
	w.startGroup()
	w.passes()
	status := w.group().Status
	if ready := said(t, status.Conditions, groupReady); ready.Status != "True" || len(status.Devices) != 2 || status.Devices[0].Hostname != "home-egress-0" {
		t.Errorf("with pods: %+v", status)
	}
	if available := said(t, status.Conditions, groupAvailable); available.Status != "True" || available.ObservedGeneration != 0 {
		t.Errorf("available: %+v", available)
	}
	for _, device := range w.tailnet.Devices() {
		if !slices.Equal(device.Tags, []string{"tag:home-connector"}) {
			t.Errorf("device: %+v", device)
		}
	}
	config, err := w.client.CoreV1().Secrets(namespace).Get(t.Context(), "egress-0-config", metav1.GetOptions{})
	if err != nil || strings.Contains(string(config.Data[keyConfig]), "AuthKey") {
		t.Errorf("the used key is still in the Secret: %v", err)
	}
}

func TestAServiceLeadsToTheProxiesThatWereToldOfItWhetherOrNotTheyFoundTheHost(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.putClassOf("egress", overHosts)
	w.putGroup()
	w.passes()
	proxies := w.startGroup()
	w.putEgress(map[string]string{annotationFQDN: "nas.tail1234.ts.net"})
	w.passes()
	service := w.egress()
	if ready := said(t, service.Status.Conditions, egressReady); ready.Status != "False" || ready.Reason != "NotReadyToRouteTraffic" {
		t.Errorf("before the proxies look: %+v", ready)
	}
	if !strings.HasSuffix(service.Spec.ExternalName, ".tailscale.svc.cluster.local") || !slices.Contains(service.Finalizers, finalizer) {
		t.Errorf("service: %+v", service)
	}
	own, err := w.client.CoreV1().Services(namespace).Get(ctx, strings.Split(service.Spec.ExternalName, ".")[0], metav1.GetOptions{})
	if err != nil || own.Spec.Ports[2].Name != healthPort || own.Spec.Ports[2].Port != 9003 || own.Spec.Ports[0].TargetPort.IntVal < 10000 {
		t.Fatalf("its own: %+v, %v", own, err)
	}
	// The first sees nobody, and is not told again when it does.
	for _, peers := range [][]control.Peer{nil, {nas}} {
		if _, err := proxies[0].sync(ctx, control.MapResponse{Peers: peers}); err != nil {
			t.Fatal(err)
		}
	}
	if text := w.state(proxies[0].secret); text.Services["tailscale-nas"].TailnetTargetIPs != nil {
		t.Errorf("it looked again: %+v", text)
	}
	w.passes()
	if ready := said(t, w.egress().Status.Conditions, egressReady); ready.Status != "True" || ready.Reason != "PartiallyReadyToRouteTraffic" {
		t.Errorf("with one that found nothing: %+v", ready)
	}
	if _, err := proxies[1].sync(ctx, control.MapResponse{Peers: []control.Peer{nas}}); err != nil {
		t.Fatal(err)
	}
	if text := w.state(proxies[1].secret); text.Services["tailscale-nas"].TailnetTargetIPs[0] != netip.MustParseAddr("100.64.0.9") {
		t.Errorf("state: %+v", text)
	}
	w.passes()
	if ready := said(t, w.egress().Status.Conditions, egressReady); ready.Reason != "ReadyToRouteTraffic" {
		t.Errorf("with both: %+v", ready)
	}
	endpoints, err := w.client.DiscoveryV1().EndpointSlices(namespace).Get(ctx, own.Name+"-ipv4", metav1.GetOptions{})
	if err != nil || len(endpoints.Endpoints) != 2 || *endpoints.Ports[0].Port != own.Spec.Ports[0].TargetPort.IntVal {
		t.Errorf("endpoints: %+v, %v", endpoints, err)
	}
}

func (w *world) state(secret string) (status egressStatus) {
	w.t.Helper()
	state, err := w.client.CoreV1().Secrets(namespace).Get(w.t.Context(), secret, metav1.GetOptions{})
	if err == nil {
		err = json.Unmarshal(state.Data[keyEgress], &status)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return status
}

func TestADeletedServiceLeavesNothingAndThenItsGroupGoesWithItsDevices(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.putClassOf("egress", overHosts)
	w.putGroup()
	w.passes()
	w.startGroup()
	w.putEgress(map[string]string{annotationIP: "100.64.0.9"})
	w.passes()
	service := w.egress()
	now := metav1.Now()
	service.DeletionTimestamp = &now
	if err := w.client.Tracker().Update(corev1.SchemeGroupVersion.WithResource("services"), service, namespace); err != nil {
		t.Fatal(err)
	}
	w.passes()
	if left := w.egress(); len(left.Finalizers) != 0 {
		t.Errorf("it is held: %v", left.Finalizers)
	}
	own, err := w.client.CoreV1().Services(namespace).List(ctx, metav1.ListOptions{LabelSelector: labelServiceType + "=egress"})
	if err != nil || len(own.Items) != 0 {
		t.Errorf("left: %v, %v", own.Items, err)
	}
	config, err := w.client.CoreV1().ConfigMaps(namespace).Get(ctx, egressConfig("egress"), metav1.GetOptions{})
	if err != nil || strings.Contains(string(config.BinaryData[keyEgress]), "nas") {
		t.Errorf("told: %s, %v", config.BinaryData[keyEgress], err)
	}
	object, err := w.dynamic.Resource(proxyGroups).Get(ctx, "egress", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	object.SetDeletionTimestamp(&now)
	if _, err := w.dynamic.Resource(proxyGroups).Update(ctx, object, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	w.passes()
	if pg := w.group(); len(pg.Finalizers) != 0 || len(w.tailnet.Devices()) != 0 || len(w.secrets()) != 0 {
		t.Errorf("left: %v, devices %v, %d secrets", pg.Finalizers, w.tailnet.Devices(), len(w.secrets()))
	}
}

func TestAServiceSaysWhatIsWrongWithIt(t *testing.T) {
	w := newWorld(t)
	w.putEgress(map[string]string{annotationFQDN: "nas"})
	w.passes()
	if valid := said(t, w.egress().Status.Conditions, egressValid); valid.Status != "Unknown" || valid.Reason != "ProxyGroupNotReady" {
		t.Errorf("without its group: %+v", valid)
	}
	w.putClassOf("egress", overHosts)
	w.putGroup()
	w.passes()
	if valid := said(t, w.egress().Status.Conditions, egressValid); valid.Status != "False" || !strings.Contains(valid.Message, "valid MagicDNS name") {
		t.Errorf("with a short name: %+v", valid)
	}
}
