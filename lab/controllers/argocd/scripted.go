package main

import (
	"github.com/argoproj/gitops-engine/pkg/health"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// scripted is the health of kinds that Argo CD judges by scripts of its own (resource_customizations): disruption budgets alone,
// for they are among what a site hands over. Others have no health here.
type scripted struct{}

// GetResourceHealth implements health.HealthOverride.
func (scripted) GetResourceHealth(object *unstructured.Unstructured) (*health.HealthStatus, error) {
	if object.GroupVersionKind().GroupKind() != (schema.GroupKind{Group: "policy", Kind: "PodDisruptionBudget"}) {
		return nil, nil
	}
	conditions, _, err := unstructured.NestedSlice(object.Object, "status", "conditions")
	if err != nil {
		return nil, err
	}
	found := &health.HealthStatus{Status: health.HealthStatusProgressing, Message: "Waiting for status"}
	for _, one := range conditions {
		condition, _ := one.(map[string]any)
		reason, _ := condition["reason"].(string)
		found.Status, found.Message = health.HealthStatusHealthy, "PodDisruptionBudget has "+reason
		if condition["status"] == "False" && reason != "InsufficientPods" {
			found.Status = health.HealthStatusDegraded
			return found, nil
		}
	}
	return found, nil
}
