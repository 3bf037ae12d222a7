// Package reloader is what the lab's kubelet runs for the image of Reloader: it gives workloads new pods when a Secret or
// ConfigMap of theirs has changed. Of its annotations `reloader.stakater.com/auto` is played, on Deployments, StatefulSets
// and DaemonSets or on their pods' templates; of its strategies the one that annotates the template.
//
// What changes while it does not run is missed, as by the real one: it compares an object only with what it has seen of it.
// https://github.com/stakater/Reloader/tree/v1.4.21/internal/pkg
package reloader

import (
	"context"
	"crypto/sha1" //nolint:gosec // a mark of the content, as Reloader makes it
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"homelab/lab/cluster/kubelet/program"
)

const (
	autoAnnotation = "reloader.stakater.com/auto"
	lastAnnotation = "reloader.stakater.com/last-reloaded-from"
)

// port is where Reloader tells of itself.
const port = 9090

// changed is an object whose content differs from what was seen of it before.
type changed struct {
	// kind is SECRET or CONFIGMAP.
	kind, namespace, name, hash string
}

// Run watches until ctx ends. Arguments other than those of the lab's chart are a crash.
func Run(ctx context.Context, c program.Container) error {
	configMaps, err := options(c.Spec.Args)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(c.API)
	if err != nil {
		return err
	}
	if err := serve(ctx, c); err != nil {
		return err
	}
	changes := make(chan changed, 100)
	factory := informers.NewSharedInformerFactory(client, 0)
	defer factory.Shutdown()
	if err := watch(ctx, factory, configMaps, changes); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	ready := time.AfterFunc(program.ProbeDelay(c.Spec), func() { c.Ready(true) })
	defer ready.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case change := <-changes:
			if err := reload(ctx, client, change, time.Now()); err != nil && ctx.Err() == nil {
				c.Logger.Error("Rolling upgrade failed", "resource", change.name, "namespace", change.namespace, "error", err)
			}
		}
	}
}

// options reads the arguments; it says whether ConfigMaps are watched too.
func options(arguments []string) (configMaps bool, err error) {
	configMaps, strategy := true, "env-vars"
	for _, argument := range arguments {
		name, value, _ := strings.Cut(argument, "=")
		switch {
		case name == "--log-level":
		case name == "--reload-strategy":
			strategy = value
		case argument == "--resources-to-ignore=configmaps":
			configMaps = false
		case argument == "--ignored-workload-types=jobs,cronjobs":
		default:
			return false, fmt.Errorf("unknown flag: %s (the lab's Reloader knows what the lab's chart gives it)", argument)
		}
	}
	if strategy != "annotations" {
		return false, fmt.Errorf("--reload-strategy=%s: the lab's Reloader knows annotations only", strategy)
	}
	return configMaps, nil
}

func watch(ctx context.Context, factory informers.SharedInformerFactory, configMaps bool, changes chan<- changed) error {
	tell := func(before, after changed) {
		if before.hash == after.hash {
			return
		}
		select {
		case changes <- after:
		case <-ctx.Done():
		}
	}
	_, err := factory.Core().V1().Secrets().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(before, after any) { tell(ofSecret(before), ofSecret(after)) },
	})
	if configMaps {
		_, second := factory.Core().V1().ConfigMaps().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
			UpdateFunc: func(before, after any) { tell(ofConfigMap(before), ofConfigMap(after)) },
		})
		err = errors.Join(err, second)
	}
	return err
}

func ofSecret(object any) changed {
	secret, ok := object.(*corev1.Secret)
	if !ok {
		return changed{}
	}
	lines := []string{}
	for key, value := range secret.Data {
		lines = append(lines, key+"="+string(value))
	}
	return changed{"SECRET", secret.Namespace, secret.Name, mark(lines)}
}

func ofConfigMap(object any) changed {
	config, ok := object.(*corev1.ConfigMap)
	if !ok {
		return changed{}
	}
	lines := []string{}
	for key, value := range config.Data {
		lines = append(lines, key+"="+value)
	}
	for key, value := range config.BinaryData {
		lines = append(lines, key+"="+base64.StdEncoding.EncodeToString(value))
	}
	return changed{"CONFIGMAP", config.Namespace, config.Name, mark(lines)}
}

func mark(lines []string) string {
	slices.Sort(lines)
	return fmt.Sprintf("%x", sha1.Sum([]byte(strings.Join(lines, ";")))) //nolint:gosec // as above
}

// workload is one of the three kinds that are rolled.
type workload struct {
	name        string
	annotations map[string]string
	template    *corev1.PodTemplateSpec
	patch       func(ctx context.Context, patch []byte) error
}

// workloadOf makes a workload of what its kind's client reads and patches.
func workloadOf[T any](
	about metav1.ObjectMeta, template *corev1.PodTemplateSpec,
	patch func(context.Context, string, types.PatchType, []byte, metav1.PatchOptions, ...string) (T, error),
) workload {
	return workload{about.Name, about.Annotations, template, func(ctx context.Context, content []byte) error {
		_, err := patch(ctx, about.Name, types.StrategicMergePatchType, content, metav1.PatchOptions{FieldManager: "Reloader"})
		return err
	}}
}

// reload annotates the pods' template of every workload of the object's namespace that asks for it and uses the object.
func reload(ctx context.Context, client kubernetes.Interface, change changed, now time.Time) error {
	all, err := workloads(ctx, client, change.namespace)
	if err != nil {
		return err
	}
	for _, one := range all {
		container := user(one.template.Spec, change)
		if container == "" || !asks(one) {
			continue
		}
		source, err := json.Marshal(map[string]any{
			"type": change.kind, "name": change.name, "namespace": change.namespace, "hash": change.hash,
			"containerRefs": []string{container}, "observedAt": now.Unix(),
		})
		if err != nil {
			return err
		}
		patch, err := json.Marshal(map[string]any{"spec": map[string]any{"template": map[string]any{
			"metadata": map[string]any{"annotations": map[string]string{lastAnnotation: string(source)}},
		}}})
		if err != nil {
			return err
		}
		if err := one.patch(ctx, patch); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	return nil
}

func workloads(ctx context.Context, client kubernetes.Interface, namespace string) ([]workload, error) {
	apps, all := client.AppsV1(), []workload{}
	deployments, err := apps.Deployments(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, one := range deployments.Items {
		all = append(all, workloadOf(one.ObjectMeta, &one.Spec.Template, apps.Deployments(namespace).Patch))
	}
	daemonSets, err := apps.DaemonSets(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, one := range daemonSets.Items {
		all = append(all, workloadOf(one.ObjectMeta, &one.Spec.Template, apps.DaemonSets(namespace).Patch))
	}
	statefulSets, err := apps.StatefulSets(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, one := range statefulSets.Items {
		all = append(all, workloadOf(one.ObjectMeta, &one.Spec.Template, apps.StatefulSets(namespace).Patch))
	}
	return all, nil
}

// asks is whether a workload wants new pods; its own annotation wins over its pods'.
func asks(one workload) bool {
	value, own := one.annotations[autoAnnotation]
	if !own {
		value = one.template.Annotations[autoAnnotation]
	}
	wanted, err := strconv.ParseBool(value)
	return err == nil && wanted
}

// user is the container that mounts the object or takes its environment from it; empty where none does. Of init containers
// it is the first of the pod's own.
func user(pod corev1.PodSpec, change changed) string {
	volumes := map[string]bool{}
	for _, volume := range pod.Volumes {
		if mounts(volume, change) {
			volumes[volume.Name] = true
		}
	}
	for _, container := range pod.Containers {
		if uses(container, volumes, change) {
			return container.Name
		}
	}
	if len(pod.Containers) > 0 && slices.ContainsFunc(pod.InitContainers, func(one corev1.Container) bool { return uses(one, volumes, change) }) {
		return pod.Containers[0].Name
	}
	return ""
}

func mounts(volume corev1.Volume, change changed) bool {
	secret, config := change.kind == "SECRET", change.kind == "CONFIGMAP"
	if secret && volume.Secret != nil && volume.Secret.SecretName == change.name ||
		config && volume.ConfigMap != nil && volume.ConfigMap.Name == change.name {
		return true
	}
	return volume.Projected != nil && slices.ContainsFunc(volume.Projected.Sources, func(source corev1.VolumeProjection) bool {
		return secret && source.Secret != nil && source.Secret.Name == change.name ||
			config && source.ConfigMap != nil && source.ConfigMap.Name == change.name
	})
}

func uses(container corev1.Container, volumes map[string]bool, change changed) bool {
	secret, config := change.kind == "SECRET", change.kind == "CONFIGMAP"
	return slices.ContainsFunc(container.VolumeMounts, func(mount corev1.VolumeMount) bool { return volumes[mount.Name] }) ||
		slices.ContainsFunc(container.Env, func(variable corev1.EnvVar) bool {
			from := variable.ValueFrom
			return from != nil && (secret && from.SecretKeyRef != nil && from.SecretKeyRef.Name == change.name ||
				config && from.ConfigMapKeyRef != nil && from.ConfigMapKeyRef.Name == change.name)
		}) ||
		slices.ContainsFunc(container.EnvFrom, func(from corev1.EnvFromSource) bool {
			return secret && from.SecretRef != nil && from.SecretRef.Name == change.name ||
				config && from.ConfigMapRef != nil && from.ConfigMapRef.Name == change.name
		})
}

// serve answers the probes of its chart.
func serve(ctx context.Context, c program.Container) error {
	listener, err := program.Listen(c, port)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	for path, text := range map[string]string{"/live": "", "/metrics": "# the lab's Reloader counts nothing\n"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
	}
	go func() {
		if err := program.Serve(ctx, listener, mux); err != nil {
			c.Logger.Error("the metrics port stopped", "error", err)
		}
	}()
	return nil
}
