package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"homelab/lab/cluster/operators"
)

func kind(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "kafka.strimzi.io", Version: "v1", Resource: plural}
}

var (
	kafkas  = kind("kafkas")
	pools   = kind("kafkanodepools")
	topics  = kind("kafkatopics")
	users   = kind("kafkausers")
	podSets = schema.GroupVersionResource{Group: "core.strimzi.io", Version: "v1", Resource: "strimzipodsets"}
)

// clusterLabel says to which Kafka something belongs.
const clusterLabel = "strimzi.io/cluster"

type listener struct {
	Name          string `json:"name"`
	Port          int32  `json:"port"`
	Type          string `json:"type"`
	TLS           bool   `json:"tls"`
	Configuration struct {
		Bootstrap struct {
			Host string `json:"host"`
		} `json:"bootstrap"`
	} `json:"configuration"`
}

// kafka is the part of one that the operator reads.
type kafka struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Kafka struct {
			Version   string     `json:"version"`
			Listeners []listener `json:"listeners"`
			Rack      *struct {
				TopologyKey string `json:"topologyKey"`
			} `json:"rack"`
			Template struct {
				PodDisruptionBudget struct {
					MaxUnavailable *int32 `json:"maxUnavailable"`
				} `json:"podDisruptionBudget"`
			} `json:"template"`
		} `json:"kafka"`
		EntityOperator *struct {
			TopicOperator *struct {
				Resources corev1.ResourceRequirements `json:"resources"`
			} `json:"topicOperator"`
			UserOperator *struct {
				Resources corev1.ResourceRequirements `json:"resources"`
			} `json:"userOperator"`
		} `json:"entityOperator"`
		CruiseControl map[string]any `json:"cruiseControl"`
	} `json:"spec"`
	Status struct {
		ClusterID string `json:"clusterId"`
	} `json:"status"`
}

type volume struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Size        string `json:"size"`
	Class       string `json:"class"`
	DeleteClaim bool   `json:"deleteClaim"`
}

// pool is the part of a KafkaNodePool that the operator reads.
type pool struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Replicas  int32                       `json:"replicas"`
		Roles     []string                    `json:"roles"`
		Resources corev1.ResourceRequirements `json:"resources"`
		Storage   struct {
			Type    string   `json:"type"`
			Volumes []volume `json:"volumes"`
		} `json:"storage"`
		Template struct {
			Pod struct {
				Affinity *corev1.Affinity `json:"affinity"`
			} `json:"pod"`
		} `json:"template"`
	} `json:"spec"`
	Status struct {
		NodeIDs []int `json:"nodeIds"`
	} `json:"status"`
}

func decode[T any](object *unstructured.Unstructured) (*T, error) {
	var value T
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &value)
	return &value, err
}

// condition is one of Strimzi's.
func condition(of, reason, message string) map[string]any {
	said := map[string]any{"type": of, "status": "True", "lastTransitionTime": time.Now().UTC().Format(time.RFC3339Nano)}
	if reason != "" {
		said["reason"], said["message"] = reason, message
	}
	return said
}

// tell writes a status where it differs, but for times, from what stands there.
func (p place) tell(ctx context.Context, of schema.GroupVersionResource, object *unstructured.Unstructured, status map[string]any) error {
	status["observedGeneration"] = object.GetGeneration()
	before, _, err := unstructured.NestedMap(object.Object, "status")
	if err != nil {
		return err
	}
	if timeless(before) == timeless(status) {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	_, err = p.dynamic.Resource(of).Namespace(object.GetNamespace()).
		Patch(ctx, object.GetName(), types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	return operators.Gone(err)
}

// timeless is a status as text, without the times of its conditions.
func timeless(status map[string]any) string {
	content, err := json.Marshal(status)
	if err != nil {
		return fmt.Sprint(err)
	}
	var copied map[string]any
	if err := json.Unmarshal(content, &copied); err != nil {
		return fmt.Sprint(err)
	}
	if conditions, ok := copied["conditions"].([]any); ok {
		for _, one := range conditions {
			if said, ok := one.(map[string]any); ok {
				delete(said, "lastTransitionTime")
			}
		}
	}
	content, err = json.Marshal(copied)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(content)
}
