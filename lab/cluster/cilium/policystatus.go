package cilium

import (
	"context"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"homelab/lab/cluster/cilium/netpolicy"
)

// policyKinds are the policies of Cilium's own.
var policyKinds = []schema.GroupVersionResource{networkPolicies, clusterwidePolicies}

// judgePolicies tells of each policy whether it is valid, as cilium-operator does in the condition Valid
// (operator/pkg/networkpolicy/validator.go). Whatever the condition says, agents judge for themselves.
func (o *operator) judgePolicies(ctx context.Context) error {
	var problems []error
	for _, kind := range policyKinds {
		for _, item := range o.custom.ForResource(kind).Informer().GetStore().List() {
			policy, ok := item.(*unstructured.Unstructured)
			if !ok {
				continue
			}
			status, message := "True", "Policy validation succeeded"
			if _, err := netpolicy.Read(policy.Object); err != nil {
				status, message = "False", err.Error()
			}
			problems = append(problems, o.setValid(ctx, kind, policy, status, message))
		}
	}
	return errors.Join(problems...)
}

func (o *operator) setValid(
	ctx context.Context, kind schema.GroupVersionResource, policy *unstructured.Unstructured, status, message string,
) error {
	conditions, _, err := unstructured.NestedSlice(policy.Object, "status", "conditions")
	if err != nil {
		return err
	}
	now := metav1.Now().UTC().Format(time.RFC3339)
	var others []any
	for _, each := range conditions {
		condition, ok := each.(map[string]any)
		if !ok || condition["type"] != "Valid" {
			others = append(others, each)
			continue
		}
		if condition["status"] == status && condition["message"] == message {
			return nil
		}
		if condition["status"] == status {
			now, _ = condition["lastTransitionTime"].(string)
		}
	}
	valid := map[string]any{"type": "Valid", "status": status, "message": message, "lastTransitionTime": now}
	changed := policy.DeepCopy()
	if err := unstructured.SetNestedSlice(changed.Object, append(others, valid), "status", "conditions"); err != nil {
		return err
	}
	_, err = o.dynamic.Resource(kind).Namespace(policy.GetNamespace()).UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	return err
}
