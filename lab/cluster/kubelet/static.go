package kubelet

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
)

const (
	staticNamespace  = metav1.NamespaceSystem
	mirrorAnnotation = corev1.MirrorPodAnnotationKey
	staticCheck      = 10 * time.Second
)

// showStaticPods keeps one mirror pod for each control-plane process of this node, as a kubelet does
// for static pods; a deleted one comes back. One pass every staticCheck finds what is missing among the pods that the node
// watches: a node may read only its own pods, and is forbidden, not told "not found", what does not exist.
func (k *kubelet) showStaticPods(ctx context.Context, node *corev1.Node) {
	ticker := time.NewTicker(staticCheck)
	defer ticker.Stop()
	started := thisSecond()
	for cache.WaitForCacheSync(ctx.Done(), k.pods.HasSynced) {
		for _, static := range k.options.ControlPlanePods {
			err := k.insist(ctx, "show the static pod "+static.Name, func() error {
				return k.showStaticPod(ctx, node, static, started)
			})
			if err != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (k *kubelet) showStaticPod(ctx context.Context, node *corev1.Node, static StaticPod, started metav1.Time) error {
	pods := k.client.CoreV1().Pods(staticNamespace)
	wanted := k.mirrorPod(node, static)
	seen, exists, err := k.pods.GetStore().Get(wanted)
	if err != nil {
		return err
	}
	pod, _ := seen.(*corev1.Pod)
	if exists && (pod.DeletionTimestamp != nil || pod.Spec.Containers[0].Image != static.Image) {
		now := int64(0)
		err := pods.Delete(ctx, pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: &now,
			Preconditions:      &metav1.Preconditions{UID: &pod.UID},
		})
		if err != nil {
			return err
		}
		exists = false
	}
	if !exists {
		if pod, err = pods.Create(ctx, wanted, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	container := &containerState{name: static.Name, image: static.Image, running: &started, ready: true}
	return k.writePodStatus(ctx, pod, podState{
		started: started, address: k.nodeIP, containers: []*containerState{container},
	})
}

func (k *kubelet) mirrorPod(node *corev1.Node, static StaticPod) *corev1.Pod {
	controller := true
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: static.Name + "-" + k.options.NodeName, Namespace: staticNamespace,
			Labels: map[string]string{"component": static.Name, "tier": "control-plane"},
			Annotations: map[string]string{
				mirrorAnnotation:              static.Name + static.Image,
				"kubernetes.io/config.hash":   static.Name + static.Image,
				"kubernetes.io/config.source": "file",
				"kubernetes.io/config.seen":   node.CreationTimestamp.Format(time.RFC3339Nano),
			},
			OwnerReferences: []metav1.OwnerReference{
				{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID, Controller: &controller},
			},
		},
		Spec: corev1.PodSpec{
			NodeName: k.options.NodeName, HostNetwork: true, PriorityClassName: "system-node-critical",
			Containers:  []corev1.Container{{Name: static.Name, Image: static.Image}},
			Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute}},
		},
	}
}
