package main

import (
	"errors"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestNodesKeepTheirNumbersAndNewOnesTakeTheNextOfTheRange(t *testing.T) {
	one := &pool{}
	one.Annotations = map[string]string{"strimzi.io/next-node-ids": "[100-199]"}
	one.Spec.Replicas = 3
	c := &cluster{}
	if got := c.ids(one); !slices.Equal(got, []int{100, 101, 102}) {
		t.Errorf("new: %v", got)
	}
	one.Status.NodeIDs, one.Spec.Replicas = []int{100, 102}, 3
	if got := c.ids(one); !slices.Equal(got, []int{100, 101, 102}) {
		t.Errorf("one more: %v", got)
	}
	one.Spec.Replicas = 1
	if got := c.ids(one); !slices.Equal(got, []int{100}) {
		t.Errorf("fewer: %v", got)
	}
}

func TestAKafkaOfAnotherReleaseIsRefused(t *testing.T) {
	t.Setenv("STRIMZI_KAFKA_IMAGES", "\n4.2.0=kafka:4.2.0\n4.3.1=kafka:4.3.1\n")
	c := &cluster{}
	c.Spec.Kafka.Version = "4.3.1"
	if err := c.findImage(); err != nil || c.image != "kafka:4.3.1" {
		t.Errorf("%s %v", c.image, err)
	}
	c = &cluster{}
	c.Spec.Kafka.Version = "3.9.0"
	var refused refusal
	if err := c.findImage(); !errors.As(err, &refused) || refused.reason != "UnsupportedKafkaVersionException" {
		t.Errorf("%v", err)
	}
}

func TestATopicKeepsItsNameAndItsPartitions(t *testing.T) {
	topic := func(partitions int64, had, before string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"name": "main.vehicle-v", "annotations": map[string]any{partitionsNote: had}},
			"spec":     map[string]any{"topicName": "vehicle_V", "partitions": partitions}, "status": map[string]any{"topicName": before},
		}}
	}
	if name, err := judgeTopic(topic(3, "3", "vehicle_V")); name != "vehicle_V" || err != nil {
		t.Errorf("%s %v", name, err)
	}
	for _, refused := range []*unstructured.Unstructured{topic(2, "3", "vehicle_V"), topic(3, "3", "vehicle_A")} {
		if _, err := judgeTopic(refused); err == nil {
			t.Errorf("%v is taken", refused.Object)
		}
	}
}

func TestABrokerAsksForItsRackAndAControllerDoesNot(t *testing.T) {
	c := &cluster{image: "kafka"}
	c.Name, c.namespace = "main", "kafka"
	c.Spec.Kafka.Rack = &struct {
		TopologyKey string `json:"topologyKey"`
	}{"zone"}
	c.Spec.Kafka.Listeners = []listener{{Name: "plain", Port: 9092, Type: "internal"}}
	for role, inits := range map[string]int{"broker": 1, "controller": 0} {
		one := &pool{ObjectMeta: metav1.ObjectMeta{Name: "main-" + role}}
		one.Spec.Roles = []string{role}
		pod, err := c.pod(one, "main-main-"+role, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(pod.Spec.InitContainers) != inits || pod.Name != "main-main-"+role+"-0" {
			t.Errorf("%s: %+v", role, pod)
		}
		listens := slices.ContainsFunc(pod.Spec.Containers[0].Ports, func(port corev1.ContainerPort) bool { return port.ContainerPort == 9092 })
		if listens != (role == "broker") {
			t.Errorf("%s: %v", role, pod.Spec.Containers[0].Ports)
		}
	}
}
