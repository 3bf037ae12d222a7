package kubelet

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	informersv1 "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// podSet has one worker for each pod that is bound to the node.
type podSet struct {
	kubelet *kubelet
	mu      sync.Mutex
	workers map[types.UID]*worker
	running sync.WaitGroup
}

func boundPods(client kubernetes.Interface, node string) cache.SharedIndexInformer {
	bound := fields.OneTermEqualSelector("spec.nodeName", node).String()
	return informersv1.NewFilteredPodInformer(client, metav1.NamespaceAll, 0, cache.Indexers{},
		func(o *metav1.ListOptions) { o.FieldSelector = bound })
}

// runPods follows the pods bound to the node until ctx ends and every worker has stopped.
func (k *kubelet) runPods(ctx context.Context) {
	set := &podSet{kubelet: k, workers: map[types.UID]*worker{}}
	_, err := k.pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { set.see(ctx, object) },
		UpdateFunc: func(_, object any) { set.see(ctx, object) },
		DeleteFunc: set.forget,
	})
	if err != nil {
		k.log.Error("cannot follow pods", "error", err)
		return
	}
	k.pods.RunWithContext(ctx)
	set.running.Wait()
}

func (s *podSet) see(ctx context.Context, object any) {
	pod, ok := object.(*corev1.Pod)
	if !ok || pod.Annotations[mirrorAnnotation] != "" || ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.workers[pod.UID]; ok {
		known.update(pod)
		return
	}
	over := pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
	if over && pod.DeletionTimestamp == nil {
		return
	}
	started := newWorker(s.kubelet, pod)
	s.workers[pod.UID] = started
	s.running.Go(func() {
		started.run(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.workers, pod.UID)
	})
}

func (s *podSet) forget(object any) {
	if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = tombstone.Obj
	}
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.workers[pod.UID]; ok {
		known.vanish()
	}
}

// confirmDeletion removes the pod's object, which the API keeps until its kubelet has stopped it.
func (k *kubelet) confirmDeletion(ctx context.Context, pod *corev1.Pod) {
	now := int64(0)
	_ = k.insist(ctx, "confirm the deletion of pod "+pod.Namespace+"/"+pod.Name, func() error {
		err := k.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &pod.UID},
		})
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return nil
		}
		return err
	})
}
