package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic/dynamicinformer"

	"homelab/lab/cluster/operators"
	"homelab/lab/cluster/passes"
)

// topicFinalizer keeps a topic's object until its operator has seen it go (topic-operator, KubernetesHandler.java).
const topicFinalizer = "strimzi.io/topic-operator"

// refusal is what a topic or a user is told: a reason by the name of Strimzi's exception, and why.
type refusal struct{ reason, message string }

func (r refusal) Error() string { return r.message }

// operateTopics takes every topic of its cluster, as far as it may be changed to that.
func operateTopics(ctx context.Context, p place) error {
	go answer(ctx, 8080, p.log)
	return p.each(ctx, topics, func(ctx context.Context, topic *unstructured.Unstructured) error {
		if topic.GetDeletionTimestamp() != nil {
			return p.finalize(ctx, topic, false)
		}
		if !slices.Contains(topic.GetFinalizers(), topicFinalizer) {
			return p.finalize(ctx, topic, true)
		}
		id, _, err := unstructured.NestedString(topic.Object, "status", "topicId")
		if err != nil {
			return err
		}
		if id == "" {
			id = uuid.NewString()[:22]
		}
		name, err := judgeTopic(topic)
		status := map[string]any{"topicId": id, "topicName": name, "conditions": []any{condition("Ready", "", "")}}
		var refused refusal
		if errors.As(err, &refused) {
			status["conditions"] = []any{notReady(refused)}
		} else if err != nil {
			return err
		}
		partitions, _, err := unstructured.NestedInt64(topic.Object, "spec", "partitions")
		if err != nil {
			return err
		}
		if refused.reason == "" {
			if err := p.note(ctx, topic, partitions); err != nil {
				return err
			}
		}
		return p.tell(ctx, topics, topic, status)
	})
}

// partitionsNote keeps how many partitions a topic has, which a Kafka would know.
const partitionsNote = "lab.strimzi.io/partitions"

func (p place) note(ctx context.Context, topic *unstructured.Unstructured, partitions int64) error {
	if topic.GetAnnotations()[partitionsNote] == fmt.Sprint(partitions) {
		return nil
	}
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"%d"}}}`, partitionsNote, partitions)
	_, err := p.dynamic.Resource(topics).Namespace(p.namespace).Patch(ctx, topic.GetName(), types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// judgeTopic gives the topic's name, and why it is not as its object says (BatchingTopicController.java).
func judgeTopic(topic *unstructured.Unstructured) (string, error) {
	name, _, err := unstructured.NestedString(topic.Object, "spec", "topicName")
	if err != nil {
		return "", err
	}
	if name == "" {
		name = topic.GetName()
	}
	before, _, err := unstructured.NestedString(topic.Object, "status", "topicName")
	if err != nil {
		return name, err
	}
	if before != "" && before != name {
		return before, refusal{"NotSupported", "Changing spec.topicName is not supported"}
	}
	wanted, _, err := unstructured.NestedInt64(topic.Object, "spec", "partitions")
	if err != nil {
		return name, err
	}
	had := int64(0)
	if text := topic.GetAnnotations()[partitionsNote]; text != "" {
		if _, err := fmt.Sscan(text, &had); err != nil {
			return name, err
		}
	}
	if wanted < had {
		return name, refusal{"NotSupported", "Decreasing partitions not supported"}
	}
	return name, nil
}

func notReady(refused refusal) map[string]any {
	said := condition("Ready", refused.reason, refused.message)
	said["status"] = "False"
	return said
}

func (p place) finalize(ctx context.Context, topic *unstructured.Unstructured, wanted bool) error {
	next := slices.DeleteFunc(slices.Clone(topic.GetFinalizers()), func(one string) bool { return one == topicFinalizer })
	if wanted {
		next = append(next, topicFinalizer)
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"finalizers": next, "resourceVersion": topic.GetResourceVersion()}})
	if err != nil {
		return err
	}
	_, err = p.dynamic.Resource(topics).Namespace(p.namespace).Patch(ctx, topic.GetName(), types.MergePatchType, patch, metav1.PatchOptions{})
	return operators.Gone(err)
}

// operateUsers gives each user of its cluster a Secret of its name, with the password that another Secret holds, and refuses what
// has none (user-operator, KafkaUserModel.java).
func operateUsers(ctx context.Context, p place) error {
	go answer(ctx, 8081, p.log)
	return p.each(ctx, users, func(ctx context.Context, user *unstructured.Unstructured) error {
		if user.GetDeletionTimestamp() != nil {
			return nil
		}
		status := map[string]any{"username": user.GetName(), "secret": user.GetName(), "conditions": []any{condition("Ready", "", "")}}
		err := p.giveSecret(ctx, user)
		var refused refusal
		if errors.As(err, &refused) {
			return p.tell(ctx, users, user, map[string]any{"conditions": []any{notReady(refused)}})
		}
		if err != nil {
			return err
		}
		return p.tell(ctx, users, user, status)
	})
}

func (p place) giveSecret(ctx context.Context, user *unstructured.Unstructured) error {
	by, _, err := unstructured.NestedString(user.Object, "spec", "authentication", "type")
	if err != nil {
		return err
	}
	if by != "scram-sha-512" {
		return refusal{"NotSupportedByLab", "the lab's user operator knows scram-sha-512 alone, and not " + by}
	}
	from := []string{"spec", "authentication", "password", "valueFrom", "secretKeyRef"}
	name, _, err := unstructured.NestedString(user.Object, append(slices.Clone(from), "name")...)
	if err != nil {
		return err
	}
	key, _, err := unstructured.NestedString(user.Object, append(slices.Clone(from), "key")...)
	if err != nil {
		return err
	}
	secrets := p.client.CoreV1().Secrets(p.namespace)
	given, err := secrets.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || err == nil && given.Data[key] == nil {
		return refusal{"InvalidResourceException", fmt.Sprintf("Secret %s with requested user password does not exist or has no key %s.", name, key)}
	}
	if err != nil {
		return err
	}
	password := string(given.Data[key])
	yes := false
	wanted := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: user.GetName(),
			Labels: map[string]string{
				clusterLabel: user.GetLabels()[clusterLabel], "strimzi.io/kind": "KafkaUser", "strimzi.io/name": "strimzi-user-operator",
				"app.kubernetes.io/managed-by": "strimzi-user-operator",
			},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: user.GetAPIVersion(), Kind: user.GetKind(), Name: user.GetName(), UID: user.GetUID(), Controller: &yes, BlockOwnerDeletion: &yes,
			}},
		},
		Data: map[string][]byte{
			"password": []byte(password),
			"sasl.jaas.config": fmt.Appendf(nil, "org.apache.kafka.common.security.scram.ScramLoginModule required username=%q password=%q;",
				user.GetName(), password),
		},
	}
	_, err = secrets.Create(ctx, wanted, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		_, err = secrets.Update(ctx, wanted, metav1.UpdateOptions{})
	}
	return err
}

// each looks at every object of a kind of this program's cluster, at each change and every two minutes.
func (p place) each(
	ctx context.Context, of schema.GroupVersionResource, look func(context.Context, *unstructured.Unstructured) error,
) error {
	selected := metav1.ListOptions{LabelSelector: os.Getenv("STRIMZI_RESOURCE_LABELS")}
	return p.follow(ctx, func(ctx context.Context) error {
		list, err := p.dynamic.Resource(of).Namespace(p.namespace).List(ctx, selected)
		if err != nil {
			return err
		}
		var failed error
		for i := range list.Items {
			failed = errors.Join(failed, look(ctx, &list.Items[i]))
		}
		return failed
	}, of)
}

// follow makes passes over the namespace, at each change of objects of these kinds and every two minutes.
func (p place) follow(ctx context.Context, pass func(context.Context) error, kinds ...schema.GroupVersionResource) error {
	changed := passes.NewChanges()
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(p.dynamic, 0, p.namespace, nil)
	defer factory.Shutdown()
	for _, one := range kinds {
		if _, err := changed.Watch(factory.ForResource(one).Informer()); err != nil {
			return err
		}
	}
	inner, stop := context.WithCancel(ctx)
	defer stop()
	factory.Start(inner.Done())
	go changed.Every(inner, fullReconciliation)
	passes.Repeat(ctx, changed, again, p.log, pass)
	return nil
}
