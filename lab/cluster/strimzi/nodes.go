package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"homelab/lab/cluster/operators"
)

// revisionNote tells which form of its pod one was made from (PodRevision.java).
const revisionNote = "strimzi.io/revision"

// nodes makes volumes and pods of each pool, and waits until all of them are ready, rolling those of another form one at a time.
func (c *cluster) nodes(ctx context.Context) error {
	count := int32(0)
	for _, one := range c.pools {
		ids := c.ids(one)
		count += one.Spec.Replicas
		set := c.Name + "-" + one.Name
		var pods []any
		for _, id := range ids {
			pod, err := c.pod(one, set, id)
			if err != nil {
				return err
			}
			if err := c.storage(ctx, one, pod.Name); err != nil {
				return err
			}
			if err := c.settings(ctx, pod.Name); err != nil {
				return err
			}
			content, err := json.Marshal(pod)
			if err != nil {
				return err
			}
			var form map[string]any
			if err := json.Unmarshal(content, &form); err != nil {
				return err
			}
			delete(form, "status")
			pods = append(pods, form)
		}
		if err := c.podSet(ctx, one, set, pods); err != nil {
			return err
		}
		listed := make([]any, 0, len(ids))
		for _, id := range ids {
			listed = append(listed, int64(id))
		}
		roles := make([]any, 0, len(one.Spec.Roles))
		for _, role := range one.Spec.Roles {
			roles = append(roles, role)
		}
		if err := c.tell(ctx, pools, c.poolOf[one.Name], map[string]any{
			"clusterId": c.Status.ClusterID, "nodeIds": listed, "replicas": int64(one.Spec.Replicas), "roles": roles,
			"labelSelector": "strimzi.io/cluster=" + c.Name + ",strimzi.io/name=" + c.Name + "-kafka,strimzi.io/kind=Kafka,strimzi.io/pool-name=" + one.Name,
		}); err != nil {
			return err
		}
	}
	if err := c.budget(ctx, count); err != nil {
		return err
	}
	if err := c.podSetsPods(ctx); err != nil {
		return err
	}
	return c.roll(ctx)
}

// ids are the numbers of a pool's nodes: those that it has, then the next free ones of the range that its annotation names
// (NodeIdAssignor.java).
func (c *cluster) ids(one *pool) []int {
	ids := slices.Clone(one.Status.NodeIDs)
	first := 0
	if text := strings.Trim(one.Annotations["strimzi.io/next-node-ids"], "[]"); text != "" {
		if _, err := fmt.Sscanf(text, "%d", &first); err != nil {
			first = 0
		}
	}
	for id := first; len(ids) < int(one.Spec.Replicas); id++ {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	// Where there are too many, the last go.
	slices.Sort(ids)
	return ids[:one.Spec.Replicas]
}

// pod is a broker's or a controller's (KafkaCluster.java, generatePodSets).
func (c *cluster) pod(one *pool, set string, id int) (*corev1.Pod, error) {
	name := fmt.Sprintf("%s-%d", set, id)
	all := c.labels(c.Name + "-kafka")
	broker, controller := slices.Contains(one.Spec.Roles, "broker"), slices.Contains(one.Spec.Roles, "controller")
	maps.Copy(all, map[string]string{
		"strimzi.io/pool-name": one.Name, "strimzi.io/pod-name": name, "statefulset.kubernetes.io/pod-name": name,
		"strimzi.io/controller": "strimzipodset", "strimzi.io/controller-name": set,
		"strimzi.io/broker-role": fmt.Sprint(broker), "strimzi.io/controller-role": fmt.Sprint(controller),
	})
	ports := []corev1.ContainerPort{{Name: "tcp-kafkaagent", ContainerPort: 8443}}
	if controller {
		ports = append(ports, corev1.ContainerPort{Name: "tcp-ctrlplane", ContainerPort: 9090})
	}
	if broker {
		ports = append(ports, corev1.ContainerPort{Name: "tcp-replication", ContainerPort: 9091})
		for _, each := range c.Spec.Kafka.Listeners {
			ports = append(ports, corev1.ContainerPort{Name: "tcp-" + each.Name, ContainerPort: each.Port})
		}
	}
	probe := func(script string) *corev1.Probe {
		return &corev1.Probe{
			ProbeHandler:        corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{script}}},
			InitialDelaySeconds: 15, TimeoutSeconds: 5,
		}
	}
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: c.namespace, Labels: all},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyAlways, Hostname: name, Subdomain: c.Name + "-kafka-brokers", ServiceAccountName: c.Name + "-kafka",
			Affinity: one.Spec.Template.Pod.Affinity, SecurityContext: &corev1.PodSecurityContext{FSGroup: new(int64)},
			Containers: []corev1.Container{{
				Name: "kafka", Image: c.image, Args: []string{"/opt/kafka/kafka_run.sh"}, Resources: one.Spec.Resources, Ports: ports,
				SecurityContext: c.context(), LivenessProbe: probe("/opt/kafka/kafka_liveness.sh"), ReadinessProbe: probe("/opt/kafka/kafka_readiness.sh"),
				VolumeMounts: []corev1.VolumeMount{{Name: "kafka-metrics-and-logging", MountPath: "/opt/kafka/custom-config/"}},
			}},
			Volumes: []corev1.Volume{{Name: "kafka-metrics-and-logging", VolumeSource: corev1.VolumeSource{
				ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: name}},
			}}},
		},
	}
	for _, each := range one.Spec.Storage.Volumes {
		if each.Type != "persistent-claim" {
			return nil, refusal{"NotSupportedByLab", "the lab's operator knows volumes of the type persistent-claim, and not " + each.Type}
		}
		label := fmt.Sprintf("data-%d", each.ID)
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: label, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: label + "-" + name},
		}})
		pod.Spec.Containers[0].VolumeMounts = append(pod.Spec.Containers[0].VolumeMounts, corev1.VolumeMount{
			Name: label, MountPath: fmt.Sprintf("/var/lib/kafka/data-%d", each.ID),
		})
	}
	if rack := c.Spec.Kafka.Rack; broker && rack != nil {
		c.withRack(pod, rack.TopologyKey, one.Spec.Resources)
	}
	form, err := json.Marshal(pod)
	if err != nil {
		return nil, err
	}
	pod.Annotations = map[string]string{revisionNote: fmt.Sprintf("%.8x", sha256.Sum256(form))}
	return pod, nil
}

// withRack lets a broker know the rack of its node before it starts, by an init container that asks for the node.
func (c *cluster) withRack(pod *corev1.Pod, key string, resources corev1.ResourceRequirements) {
	mount := corev1.VolumeMount{Name: "rack-volume", MountPath: "/opt/kafka/init"}
	pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: mount.Name, VolumeSource: corev1.VolumeSource{
		EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: resource.NewQuantity(1<<20, resource.BinarySI)},
	}})
	pod.Spec.Containers[0].VolumeMounts = append(pod.Spec.Containers[0].VolumeMounts, mount)
	pod.Spec.InitContainers = []corev1.Container{{
		Name: "kafka-init", Image: c.operatorImage("STRIMZI_DEFAULT_KAFKA_INIT_IMAGE"), Args: []string{"/opt/strimzi/bin/kafka_init_run.sh"},
		Env: []corev1.EnvVar{
			{Name: "NODE_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "spec.nodeName"}}},
			{Name: "RACK_TOPOLOGY_KEY", Value: key},
		},
		Resources: resources, VolumeMounts: []corev1.VolumeMount{mount}, SecurityContext: c.context(),
	}}
}

// storage makes a node's claims. They stay when the pool goes, unless it says otherwise (deleteClaim).
func (c *cluster) storage(ctx context.Context, one *pool, pod string) error {
	for _, each := range one.Spec.Storage.Volumes {
		size, err := resource.ParseQuantity(each.Size)
		if err != nil {
			return err
		}
		about := c.about(fmt.Sprintf("data-%d-%s", each.ID, pod), c.Name+"-kafka")
		about.Labels["strimzi.io/pool-name"], about.OwnerReferences = one.Name, nil
		if each.DeleteClaim {
			about.OwnerReferences = owner(one.TypeMeta, one.ObjectMeta)
		}
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: about, Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: size}},
		}}
		if each.Class != "" {
			claim.Spec.StorageClassName = &each.Class
		}
		if _, err := c.client.CoreV1().PersistentVolumeClaims(c.namespace).Create(ctx, claim, metav1.CreateOptions{}); operators.Made(err) != nil {
			return err
		}
	}
	return nil
}

// settings makes a node's ConfigMap; what Kafka would read there is nobody's here.
func (c *cluster) settings(ctx context.Context, pod string) error {
	wanted := &corev1.ConfigMap{ObjectMeta: c.about(pod, c.Name+"-kafka"), Data: map[string]string{"cluster.id": c.Status.ClusterID}}
	_, err := c.client.CoreV1().ConfigMaps(c.namespace).Create(ctx, wanted, metav1.CreateOptions{})
	return operators.Made(err)
}

// podSet writes a pool's StrimziPodSet, which goes with the pool.
func (c *cluster) podSet(ctx context.Context, one *pool, name string, pods []any) error {
	about := c.about(name, c.Name+"-kafka")
	about.OwnerReferences = owner(one.TypeMeta, one.ObjectMeta)
	about.Labels["strimzi.io/pool-name"] = one.Name
	content, err := json.Marshal(map[string]any{
		"apiVersion": "core.strimzi.io/v1", "kind": "StrimziPodSet", "metadata": about,
		"spec": map[string]any{
			"selector": map[string]any{"matchLabels": map[string]string{clusterLabel: c.Name, "strimzi.io/pool-name": one.Name}}, "pods": pods,
		},
	})
	if err != nil {
		return err
	}
	yes := true
	_, err = c.dynamic.Resource(podSets).Namespace(c.namespace).
		Patch(ctx, name, types.ApplyPatchType, content, metav1.PatchOptions{FieldManager: "strimzi-cluster-operator", Force: &yes})
	return err
}

// podSetsPods makes pods that a StrimziPodSet has and the cluster has not, and deletes those that it has no more
// (StrimziPodSetController.java). It works for as long as the set is there, also where its Kafka is not.
func (p place) podSetsPods(ctx context.Context) error {
	sets, err := p.dynamic.Resource(podSets).Namespace(p.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var failed error
	for i := range sets.Items {
		if sets.Items[i].GetDeletionTimestamp() == nil {
			failed = errors.Join(failed, p.podsOf(ctx, &sets.Items[i]))
		}
	}
	return failed
}

func (p place) podsOf(ctx context.Context, set *unstructured.Unstructured) error {
	read, err := decode[struct {
		Spec struct {
			Pods []corev1.Pod `json:"pods"`
		} `json:"spec"`
	}](set)
	if err != nil {
		return err
	}
	pods := p.client.CoreV1().Pods(p.namespace)
	there, err := pods.List(ctx, metav1.ListOptions{LabelSelector: "strimzi.io/controller-name=" + set.GetName()})
	if err != nil {
		return err
	}
	yes, ready := true, int64(0)
	for i := range read.Spec.Pods {
		wanted := &read.Spec.Pods[i]
		at := slices.IndexFunc(there.Items, func(one corev1.Pod) bool { return one.Name == wanted.Name })
		if at >= 0 {
			if isReady(&there.Items[at]) {
				ready++
			}
			continue
		}
		wanted.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: set.GetAPIVersion(), Kind: set.GetKind(), Name: set.GetName(), UID: set.GetUID(), Controller: &yes, BlockOwnerDeletion: &yes,
		}}
		if _, err := pods.Create(ctx, wanted, metav1.CreateOptions{}); operators.Made(err) != nil {
			return err
		}
	}
	for _, one := range there.Items {
		unwanted := !slices.ContainsFunc(read.Spec.Pods, func(wanted corev1.Pod) bool { return wanted.Name == one.Name })
		if unwanted && one.DeletionTimestamp == nil {
			if err := operators.Gone(pods.Delete(ctx, one.Name, metav1.DeleteOptions{})); err != nil {
				return err
			}
		}
	}
	return p.tell(ctx, podSets, set, map[string]any{
		"pods": int64(len(read.Spec.Pods)), "currentPods": int64(len(there.Items)), "readyPods": ready,
	})
}

func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(one corev1.PodCondition) bool {
		return one.Type == corev1.PodReady && one.Status == corev1.ConditionTrue
	})
}

// roll deletes one pod whose form is another by now, once all are ready (KafkaRoller.java); its set makes it anew.
func (c *cluster) roll(ctx context.Context) error {
	pods, err := c.client.CoreV1().Pods(c.namespace).List(ctx, metav1.ListOptions{LabelSelector: "strimzi.io/name=" + c.Name + "-kafka"})
	if err != nil {
		return err
	}
	there := map[string]*corev1.Pod{}
	for i := range pods.Items {
		there[pods.Items[i].Name] = &pods.Items[i]
	}
	var old *corev1.Pod
	for _, one := range c.pools {
		set := c.Name + "-" + one.Name
		for _, id := range c.ids(one) {
			wanted, err := c.pod(one, set, id)
			if err != nil {
				return err
			}
			pod := there[wanted.Name]
			if pod == nil || !isReady(pod) {
				return fmt.Errorf("the pod %s is not ready", wanted.Name)
			}
			if pod.Annotations[revisionNote] != wanted.Annotations[revisionNote] {
				old = pod
			}
		}
	}
	if old == nil {
		return nil
	}
	return errors.Join(operators.Gone(c.client.CoreV1().Pods(c.namespace).Delete(ctx, old.Name, metav1.DeleteOptions{})), fmt.Errorf("the pod %s is rolled", old.Name))
}

// budget says how many nodes may not be there: of what no controller of Kubernetes' own has made a percentage or a maximum cannot be
// worked out, so that it is a least number (PodDisruptionBudgetUtils.java).
func (c *cluster) budget(ctx context.Context, count int32) error {
	away := int32(1)
	if given := c.Spec.Kafka.Template.PodDisruptionBudget.MaxUnavailable; given != nil {
		away = *given
	}
	least := intstr.FromInt32(max(0, count-away))
	budgets := c.client.PolicyV1().PodDisruptionBudgets(c.namespace)
	current, err := budgets.Get(ctx, c.Name+"-kafka", metav1.GetOptions{})
	wanted := policyv1.PodDisruptionBudgetSpec{MinAvailable: &least, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{
		clusterLabel: c.Name, "strimzi.io/kind": "Kafka", "strimzi.io/name": c.Name + "-kafka",
	}}}
	switch {
	case apierrors.IsNotFound(err):
		_, err = budgets.Create(ctx, &policyv1.PodDisruptionBudget{ObjectMeta: c.about(c.Name+"-kafka", c.Name+"-kafka"), Spec: wanted}, metav1.CreateOptions{})
	case err == nil && *current.Spec.MinAvailable != least:
		current.Spec = wanted
		_, err = budgets.Update(ctx, current, metav1.UpdateOptions{})
	}
	return err
}
