// Package v2beta2 is what Argo CD's engine still names of an API that Kubernetes 1.36 has no more, and that no cluster of the lab
// serves: as much as a HorizontalPodAutoscaler's health is read from.
package v2beta2

import "k8s.io/apimachinery/pkg/runtime/schema"

// SchemeGroupVersion is the API's name.
var SchemeGroupVersion = schema.GroupVersion{Group: "autoscaling", Version: "v2beta2"}

// HorizontalPodAutoscaler is one of that version.
type HorizontalPodAutoscaler struct {
	Status HorizontalPodAutoscalerStatus `json:"status"`
}

// HorizontalPodAutoscalerStatus is its status.
type HorizontalPodAutoscalerStatus struct {
	Conditions []HorizontalPodAutoscalerCondition `json:"conditions"`
}

// HorizontalPodAutoscalerCondition is one of its conditions.
type HorizontalPodAutoscalerCondition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}
