package tailscale

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const proxyClassReady = "ProxyClassReady"

var proxyClasses = kind("proxyclasses")

// proxyClass is the part of a ProxyClass that the operator reads and writes.
type proxyClass struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              proxyClassSpec `json:"spec"`
	Status            struct {
		Conditions []metav1.Condition `json:"conditions,omitempty"`
	} `json:"status"`
}

// proxyClassSpec is all that is played: over what a proxy's pods spread, their image and when it is pulled, what they ask of
// their node, whether they tell of themselves, and the variables of the debug server, which the lab's tailscaled does not have.
type proxyClassSpec struct {
	StatefulSet struct {
		Pod struct {
			TopologySpreadConstraints []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`
			TailscaleContainer        struct {
				Image           string                      `json:"image,omitempty"`
				ImagePullPolicy corev1.PullPolicy           `json:"imagePullPolicy,omitempty"`
				Resources       corev1.ResourceRequirements `json:"resources"`
				Debug           *struct {
					Enable bool `json:"enable"`
				} `json:"debug,omitempty"`
			} `json:"tailscaleContainer"`
		} `json:"pod"`
	} `json:"statefulSet"`
	Metrics struct {
		Enable         bool `json:"enable"`
		ServiceMonitor struct {
			Enable bool `json:"enable"`
		} `json:"serviceMonitor"`
	} `json:"metrics"`
}

// serviceMonitorCRD is the kind without which a class that asks for monitors is invalid.
const serviceMonitorCRD = "servicemonitors.monitoring.coreos.com"

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// reconcileProxyClasses says of every ProxyClass whether it is ready; the real operator judges labels and images, and
// leaves what the API's schema judges to that (cmd/k8s-operator/proxyclass.go).
func (o *operator) reconcileProxyClasses(ctx context.Context) error {
	return o.each(ctx, proxyClasses, "proxyclass", func(object *unstructured.Unstructured, _ int) error {
		return o.reconcileProxyClass(ctx, object)
	})
}

// reconcileProxyClass lets a deleted class go at once, whoever uses it, as the real operator does.
func (o *operator) reconcileProxyClass(ctx context.Context, object *unstructured.Unstructured) error {
	object, err := o.hold(ctx, proxyClasses, object)
	if err != nil || object == nil {
		return err
	}
	class, err := decode[proxyClass](object)
	if err != nil {
		return err
	}
	condition := metav1.Condition{
		Type: proxyClassReady, Status: metav1.ConditionTrue, Reason: "ProxyClassValid", Message: "ProxyClassValid",
		ObservedGeneration: object.GetGeneration(),
	}
	if err := onlyPlayed(object); err != nil {
		condition.Status, condition.Reason, condition.Message = metav1.ConditionFalse, reasonNotPlayed, err.Error()
	} else if text, err := o.violation(ctx, class.Spec); err != nil {
		return err
	} else if text != "" {
		condition.Status, condition.Reason, condition.Message = metav1.ConditionFalse, "ProxyClassInvalid", "ProxyClass is not valid: "+text
	}
	if !meta.SetStatusCondition(&class.Status.Conditions, condition) {
		return nil
	}
	return o.putStatus(ctx, proxyClasses, object, class)
}

// violation is what is wrong with a class, or nothing. As with the real operator nobody tells it when the kind of monitors
// comes: a class that was invalid for that stays so until something changes.
func (o *operator) violation(ctx context.Context, spec proxyClassSpec) (string, error) {
	if !spec.Metrics.ServiceMonitor.Enable {
		return "", nil
	}
	_, err := o.dynamic.Resource(definitions).Get(ctx, serviceMonitorCRD, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Sprintf("spec.metrics.serviceMonitor: Invalid value: \"enable\": ProxyClass defines that a ServiceMonitor custom resource "+
			"should be created, but %q CRD was not found", serviceMonitorCRD), nil
	}
	return "", err
}

// onlyPlayed refuses a class that asks for anything else, by the name of the field.
func onlyPlayed(object *unstructured.Unstructured) error {
	text, err := json.Marshal(object.Object["spec"])
	if err != nil {
		return err
	}
	if err := decodeStrictly(text, &proxyClassSpec{}); err != nil {
		return fmt.Errorf("the lab plays topologySpreadConstraints, the tailscale container's image, imagePullPolicy, resources and debug, and metrics of a ProxyClass alone: %w", err)
	}
	return nil
}

// class is the class of a name; ready is false while it is not, and then nothing is made. No name is no class.
func (o *operator) class(ctx context.Context, name string) (spec proxyClassSpec, ready bool, err error) {
	if name == "" {
		return spec, true, nil
	}
	object, err := o.dynamic.Resource(proxyClasses).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return spec, false, err
	}
	class, err := decode[proxyClass](object)
	if err != nil {
		return spec, false, err
	}
	condition := meta.FindStatusCondition(class.Status.Conditions, proxyClassReady)
	ready = condition != nil && condition.Status == metav1.ConditionTrue && condition.ObservedGeneration == object.GetGeneration()
	return class.Spec, ready, nil
}

// debugs is whether tailscaled's debug server is open. A class that says nothing of it opens it with its metrics, whatever
// the kind's description says of releases from 1.82 on (cmd/k8s-operator/sts.go: debugSetting).
func (class proxyClassSpec) debugs() bool {
	if debug := class.StatefulSet.Pod.TailscaleContainer.Debug; debug != nil {
		return debug.Enable
	}
	return class.Metrics.Enable
}

// applyClass gives a proxy's pod what its class asks for (cmd/k8s-operator/sts.go: applyProxyClassToStatefulSet).
func applyClass(spec *corev1.PodSpec, class proxyClassSpec) {
	pod := class.StatefulSet.Pod
	spec.TopologySpreadConstraints = pod.TopologySpreadConstraints
	container := &spec.Containers[0]
	if pod.TailscaleContainer.Image != "" {
		container.Image = pod.TailscaleContainer.Image
	}
	if policy := pod.TailscaleContainer.ImagePullPolicy; policy != "" {
		container.ImagePullPolicy = policy
	}
	if requests := pod.TailscaleContainer.Resources.Requests; len(requests) > 0 {
		container.Resources.Requests = requests
	}
	if limits := pod.TailscaleContainer.Resources.Limits; len(limits) > 0 {
		container.Resources.Limits = limits
	}
	if class.debugs() {
		container.Env = append(container.Env,
			corev1.EnvVar{Name: "TS_DEBUG_ADDR_PORT", Value: fmt.Sprintf("$(POD_IP):%d", debugPort)},
			corev1.EnvVar{Name: "TS_TAILSCALED_EXTRA_ARGS", Value: "--debug=$(TS_DEBUG_ADDR_PORT)"})
		container.Ports = append(container.Ports, corev1.ContainerPort{Name: "debug", Protocol: corev1.ProtocolTCP, ContainerPort: debugPort})
	}
	if class.Metrics.Enable {
		container.Env = append(container.Env,
			corev1.EnvVar{Name: "TS_LOCAL_ADDR_PORT", Value: fmt.Sprintf("$(POD_IP):%d", localPort)},
			corev1.EnvVar{Name: "TS_ENABLE_METRICS", Value: "true"})
		container.Ports = append(container.Ports, corev1.ContainerPort{Name: "metrics", Protocol: corev1.ProtocolTCP, ContainerPort: localPort})
	}
}
