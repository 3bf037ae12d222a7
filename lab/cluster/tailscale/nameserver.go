package tailscale

import (
	"context"
	"errors"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// nameserverPort is where the nameserver's pods answer; their Service has 53.
const nameserverPort = 1053

// dnsConfig is the part of a DNSConfig that the operator reads and writes.
type dnsConfig struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Nameserver struct {
			Image struct {
				Repo string `json:"repo"`
				Tag  string `json:"tag"`
			} `json:"image"`
			Replicas *int32 `json:"replicas"`
			Service  struct {
				ClusterIP string `json:"clusterIP"`
			} `json:"service"`
		} `json:"nameserver"`
	} `json:"spec"`
	Status struct {
		Conditions []metav1.Condition `json:"conditions,omitempty"`
		Nameserver *nameserverStatus  `json:"nameserver,omitempty"`
	} `json:"status"`
}

type nameserverStatus struct {
	IP string `json:"ip"`
}

// reconcileDNSConfigs makes the nameserver of the one DNSConfig that there may be: a Deployment, its Service and the
// ConfigMap with the names of the operator's proxies, of which the lab has none (cmd/k8s-operator/nameserver.go).
func (o *operator) reconcileDNSConfigs(ctx context.Context) error {
	return o.each(ctx, dnsConfigs, "dnsconfig", func(object *unstructured.Unstructured, all int) error {
		return o.reconcileDNSConfig(ctx, object, all)
	})
}

func (o *operator) reconcileDNSConfig(ctx context.Context, object *unstructured.Unstructured, all int) error {
	object, err := o.hold(ctx, dnsConfigs, object)
	if err != nil || object == nil {
		return err
	}
	config, err := decode[dnsConfig](object)
	if err != nil {
		return err
	}
	condition := metav1.Condition{
		Type: "NameserverReady", Status: metav1.ConditionTrue, Reason: "NameserverCreated", Message: "NameserverCreated",
		ObservedGeneration: object.GetGeneration(),
	}
	if all > 1 {
		condition.Status, condition.Reason = metav1.ConditionFalse, "MultipleDNSConfigsPresent"
		condition.Message = "Multiple DNSConfig resources found in cluster. Please ensure no more than one is present."
	} else {
		address, err := o.provisionNameserver(ctx, config)
		if err != nil {
			return fmt.Errorf("error provisioning nameserver resources: %w", err)
		}
		config.Status.Nameserver = &nameserverStatus{IP: address}
	}
	if !meta.SetStatusCondition(&config.Status.Conditions, condition) {
		return nil
	}
	return o.putStatus(ctx, dnsConfigs, object, config)
}

// provisionNameserver makes what is not there yet, gives the Deployment the image and the number of pods that are wanted now, and
// returns the Service's address. Like the real operator it does not give another address to a Service that there is.
func (o *operator) provisionNameserver(ctx context.Context, config dnsConfig) (string, error) {
	image := config.Spec.Nameserver.Image
	if image.Repo == "" || image.Tag == "" {
		return "", errors.New("the lab's operator has no nameserver of its own choice: name image.repo and image.tag")
	}
	controller := true
	about := metav1.ObjectMeta{
		Name: "nameserver", Namespace: o.settings.namespace,
		Labels: map[string]string{labelManaged: "true", labelParentType: "nameserver", labelParent: config.Name,
			"app.kubernetes.io/name": "tailscale", "app.kubernetes.io/component": "nameserver"},
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: group + "/v1alpha1", Kind: "DNSConfig", Name: config.Name, UID: config.UID, Controller: &controller,
		}},
	}
	records := about
	records.Name = "dnsrecords"
	pods := map[string]string{"app": "nameserver"}
	port := func(protocol corev1.Protocol) corev1.ServicePort {
		name := map[corev1.Protocol]string{corev1.ProtocolUDP: "udp", corev1.ProtocolTCP: "tcp"}[protocol]
		return corev1.ServicePort{Name: name, Port: 53, Protocol: protocol, TargetPort: intstr.FromInt32(nameserverPort)}
	}
	core := o.client.CoreV1()
	_, err := core.ServiceAccounts(about.Namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: about}, metav1.CreateOptions{})
	failed := []error{present(err)}
	_, err = core.ConfigMaps(about.Namespace).Create(ctx, &corev1.ConfigMap{
		ObjectMeta: records, Data: map[string]string{"records.json": `{"version":"v1alpha1","ip4":{}}`},
	}, metav1.CreateOptions{})
	failed = append(failed, present(err))
	_, err = core.Services(about.Namespace).Create(ctx, &corev1.Service{ObjectMeta: about, Spec: corev1.ServiceSpec{
		ClusterIP: config.Spec.Nameserver.Service.ClusterIP, Selector: pods,
		Ports: []corev1.ServicePort{port(corev1.ProtocolUDP), port(corev1.ProtocolTCP)},
	}}, metav1.CreateOptions{})
	failed = append(failed, present(err))
	failed = append(failed, o.ensureDeployment(ctx, &appsv1.Deployment{ObjectMeta: about, Spec: appsv1.DeploymentSpec{
		Replicas: config.Spec.Nameserver.Replicas, Selector: &metav1.LabelSelector{MatchLabels: pods},
		Strategy: appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: pods}, Spec: corev1.PodSpec{
			ServiceAccountName: about.Name,
			Containers: []corev1.Container{{
				Name: "nameserver", Image: image.Repo + ":" + image.Tag,
				Ports: []corev1.ContainerPort{
					{Name: "udp", ContainerPort: nameserverPort, Protocol: corev1.ProtocolUDP},
					{Name: "tcp", ContainerPort: nameserverPort, Protocol: corev1.ProtocolTCP},
				},
			}},
		}},
	}}))
	if err := errors.Join(failed...); err != nil {
		return "", err
	}
	service, err := core.Services(about.Namespace).Get(ctx, about.Name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	return service.Spec.ClusterIP, nil
}

// ensureDeployment makes the Deployment, or gives the one that there is the image and the number of pods wanted now.
func (o *operator) ensureDeployment(ctx context.Context, wanted *appsv1.Deployment) error {
	deployments := o.client.AppsV1().Deployments(wanted.Namespace)
	current, err := deployments.Get(ctx, wanted.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = deployments.Create(ctx, wanted, metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	image := wanted.Spec.Template.Spec.Containers[0].Image
	container := &current.Spec.Template.Spec.Containers[0]
	replicas := wanted.Spec.Replicas
	same := replicas == nil || current.Spec.Replicas != nil && *current.Spec.Replicas == *replicas
	if container.Image == image && same {
		return nil
	}
	container.Image, current.Spec.Replicas = image, replicas
	_, err = deployments.Update(ctx, current, metav1.UpdateOptions{})
	return err
}

// present takes what is there already for made.
func present(err error) error {
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
