package cilium

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"homelab/lab/cluster/cilium/netpolicy"
)

// policyKinds are the policies of Cilium's own.
var policyKinds = []schema.GroupVersionResource{networkPolicies, clusterwidePolicies}

// readPolicy is a policy, or what is wrong with it.
type readPolicy struct {
	kind   schema.GroupVersionResource
	object *unstructured.Unstructured
	policy netpolicy.Policy
	err    error
}

// readPolicies are those that the cache holds. One that has not changed since the pass before is not read again: the cache
// then has the same object.
func (c *cluster) readPolicies() (map[*unstructured.Unstructured]readPolicy, error) {
	read := map[*unstructured.Unstructured]readPolicy{}
	for _, kind := range policyKinds {
		for _, item := range c.custom.ForResource(kind).Informer().GetStore().List() {
			object, ok := item.(*unstructured.Unstructured)
			if !ok {
				return nil, fmt.Errorf("the cache holds a %T", item)
			}
			one, known := c.read[object]
			if !known {
				one = readPolicy{kind: kind, object: object}
				one.policy, one.err = netpolicy.Read(object.Object)
			}
			read[object] = one
		}
	}
	c.read = read
	return read, nil
}

// judgePolicies tells of each policy whether it is valid, as cilium-operator does in the condition Valid
// (operator/pkg/networkpolicy/validator.go). Whatever the condition says, agents judge for themselves.
func (o *operator) judgePolicies(ctx context.Context) error {
	read, err := o.readPolicies()
	problems := []error{err}
	for _, one := range read {
		status, message := "True", "Policy validation succeeded"
		if one.err != nil {
			status, message = "False", one.err.Error()
		}
		problems = append(problems, o.setValid(ctx, one.kind, one.object, status, message))
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
