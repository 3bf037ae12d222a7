package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"homelab/lab/cluster/operators"
)

// fullReconciliation is how often all is looked at though nothing has changed (STRIMZI_FULL_RECONCILIATION_INTERVAL_MS); again is the
// pause before what is not finished is looked at once more.
const (
	fullReconciliation = 2 * time.Minute
	again              = time.Second
)

// operateClusters makes what Kafkas and their pools ask for, in its own namespace.
func operateClusters(ctx context.Context, p place) error {
	go answer(ctx, 8080, p.log)
	if os.Getenv("STRIMZI_NETWORK_POLICY_GENERATION") != "false" {
		return errors.New("the lab's operator makes no policies: set generateNetworkPolicy: false")
	}
	// Without a provider of contexts its pods would keep to no profile (cluster-operator, RestrictedPodSecurityProvider.java).
	restricted := os.Getenv("STRIMZI_POD_SECURITY_PROVIDER_CLASS") == "restricted"
	core := func(resource string) schema.GroupVersionResource {
		return schema.GroupVersionResource{Version: "v1", Resource: resource}
	}
	work := func(ctx context.Context) error {
		return p.follow(ctx, func(ctx context.Context) error { return p.pass(ctx, restricted) }, kafkas, pools, podSets, core("pods"),
			schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"})
	}
	// cluster-operator, LeaderElectionManager.java
	return operators.Led(ctx, operators.Candidate{
		Client: p.client, Lease: os.Getenv("STRIMZI_LEADER_ELECTION_LEASE_NAME"),
		Namespace: os.Getenv("STRIMZI_LEADER_ELECTION_LEASE_NAMESPACE"), Identity: os.Getenv("STRIMZI_LEADER_ELECTION_IDENTITY"),
	}, work)
}

func (p place) pass(ctx context.Context, restricted bool) error {
	list, err := p.dynamic.Resource(kafkas).Namespace(p.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	failed := p.podSetsPods(ctx)
	seen := map[string]bool{}
	for i := range list.Items {
		object := &list.Items[i]
		seen[object.GetName()] = true
		if object.GetDeletionTimestamp() != nil {
			continue
		}
		failed = errors.Join(failed, p.reconcile(ctx, object, restricted))
	}
	return errors.Join(failed, p.unbind(ctx, seen))
}

// cluster is a Kafka at work.
type cluster struct {
	place
	kafka
	object     *unstructured.Unstructured
	pools      []*pool
	poolOf     map[string]*unstructured.Unstructured
	image      string
	restricted bool
}

// reconcile brings a cluster one step on, and tells what it waits for.
func (p place) reconcile(ctx context.Context, object *unstructured.Unstructured, restricted bool) error {
	read, err := decode[kafka](object)
	if err != nil {
		return err
	}
	c := &cluster{place: p, kafka: *read, object: object, restricted: restricted, poolOf: map[string]*unstructured.Unstructured{}}
	err = c.make(ctx)
	var refused refusal
	switch {
	case errors.As(err, &refused):
		return c.say(ctx, condition("NotReady", refused.reason, refused.message))
	case err != nil:
		return errors.Join(err, c.say(ctx, condition("NotReady", "Creating", "Kafka cluster is being deployed")))
	}
	return nil
}

func (c *cluster) make(ctx context.Context) error {
	if c.Spec.CruiseControl != nil {
		return refusal{"NotSupportedByLab", "the lab's operator has no Cruise Control"}
	}
	if err := c.findImage(); err != nil {
		return err
	}
	list, err := c.dynamic.Resource(pools).Namespace(c.namespace).List(ctx, metav1.ListOptions{LabelSelector: clusterLabel + "=" + c.Name})
	if err != nil {
		return err
	}
	for i := range list.Items {
		one, err := decode[pool](&list.Items[i])
		if err != nil {
			return err
		}
		if one.DeletionTimestamp == nil {
			c.pools, c.poolOf[one.Name] = append(c.pools, one), &list.Items[i]
		}
	}
	if len(c.pools) == 0 {
		return refusal{"InvalidConfigurationException", "No KafkaNodePools found for Kafka cluster " + c.Name}
	}
	if c.Status.ClusterID == "" {
		c.Status.ClusterID = strings.ReplaceAll(uuid.NewString(), "-", "")[:22]
		if err := c.say(ctx, condition("NotReady", "Creating", "Kafka cluster is being deployed")); err != nil {
			return err
		}
	}
	for _, step := range []func(context.Context) error{c.secrets, c.access, c.services, c.nodes, c.entityOperator} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return c.say(ctx, condition("Ready", "", ""))
}

// findImage looks for the image of the Kafka that is asked for, among those that the operator runs (KafkaVersion.java).
func (c *cluster) findImage() error {
	var known []string
	for line := range strings.Lines(os.Getenv("STRIMZI_KAFKA_IMAGES")) {
		version, image, found := strings.Cut(strings.TrimSpace(line), "=")
		if !found {
			continue
		}
		known = append(known, version)
		// Without a version it is the newest, which stands last.
		if version == c.Spec.Kafka.Version || c.Spec.Kafka.Version == "" {
			c.image = image
		}
	}
	if c.image == "" {
		return refusal{"UnsupportedKafkaVersionException", fmt.Sprintf(
			"Unsupported Kafka.spec.kafka.version: %s. Supported versions are: [%s]", c.Spec.Kafka.Version, strings.Join(known, ", "))}
	}
	return nil
}

// say writes the Kafka's status (KafkaStatus.java).
func (c *cluster) say(ctx context.Context, said map[string]any) error {
	status := map[string]any{"conditions": []any{said}, "clusterId": c.Status.ClusterID}
	if said["type"] == "Ready" {
		var listeners, names []any
		for _, one := range c.Spec.Kafka.Listeners {
			host := c.Name + "-kafka-bootstrap." + c.namespace + ".svc"
			if one.Type != "internal" {
				host = one.Configuration.Bootstrap.Host
			}
			listeners = append(listeners, map[string]any{
				"name": one.Name, "addresses": []any{map[string]any{"host": host, "port": int64(one.Port)}},
				"bootstrapServers": fmt.Sprintf("%s:%d", host, one.Port),
			})
		}
		for _, one := range c.pools {
			names = append(names, map[string]any{"name": one.Name})
		}
		status["listeners"], status["kafkaNodePools"] = listeners, names
		status["kafkaVersion"], status["operatorLastSuccessfulVersion"] = c.Spec.Kafka.Version, "1.2.0"
	}
	return c.tell(ctx, kafkas, c.object, status)
}

func (c *cluster) labels(name string) map[string]string {
	return map[string]string{
		clusterLabel: c.Name, "strimzi.io/kind": "Kafka", "strimzi.io/name": name, "strimzi.io/component-type": "kafka",
		"app.kubernetes.io/name": "kafka", "app.kubernetes.io/instance": c.Name, "app.kubernetes.io/part-of": "strimzi-" + c.Name,
		"app.kubernetes.io/managed-by": "strimzi-cluster-operator",
	}
}

func owner(of metav1.TypeMeta, about metav1.ObjectMeta) []metav1.OwnerReference {
	no := false
	return []metav1.OwnerReference{{
		APIVersion: of.APIVersion, Kind: of.Kind, Name: about.Name, UID: about.UID, Controller: &no, BlockOwnerDeletion: &no,
	}}
}

func (c *cluster) about(name, component string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: c.namespace, Labels: c.labels(component), OwnerReferences: owner(c.TypeMeta, c.ObjectMeta)}
}

// context is that of a container under the profile `restricted`, where the operator is told to keep to it.
func (c *cluster) context() *corev1.SecurityContext {
	if !c.restricted {
		return nil
	}
	yes, no := true, false
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: &no, RunAsNonRoot: &yes, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}
