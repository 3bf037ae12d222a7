package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"homelab/lab/cluster/operators"
)

func (c *cluster) operatorImage(variable string) string { return os.Getenv(variable) }

// secrets are the cluster's two authorities: of its own certificates, and of its clients' (KafkaResources.java).
func (c *cluster) secrets(ctx context.Context) error {
	for _, kind := range []string{"cluster-ca", "clients-ca"} {
		secrets := c.client.CoreV1().Secrets(c.namespace)
		if _, err := secrets.Get(ctx, c.Name+"-"+kind, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			if err != nil {
				return err
			}
			continue
		}
		certificate, key, err := authority(kind + " v0")
		if err != nil {
			return err
		}
		for name, data := range map[string]map[string][]byte{kind: {"ca.key": key}, kind + "-cert": {"ca.crt": certificate}} {
			about := c.about(c.Name+"-"+name, "strimzi")
			about.Annotations = map[string]string{"strimzi.io/ca-cert-generation": "0"}
			if _, err := secrets.Create(ctx, &corev1.Secret{ObjectMeta: about, Data: data}, metav1.CreateOptions{}); operators.Made(err) != nil {
				return err
			}
		}
	}
	return nil
}

// authority makes one that lasts a year.
func authority(name string) (certificate, key []byte, err error) {
	made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{Organization: []string{"io.strimzi"}, CommonName: name},
		NotBefore: now, NotAfter: now.AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &made.PublicKey, made)
	if err != nil {
		return nil, nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(made)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), err
}

// bindingName is that of the right to ask for nodes, which no owner can take along.
func (c *cluster) bindingName() string {
	return "strimzi-" + c.namespace + "-" + c.Name + "-kafka-init"
}

func (c *cluster) access(ctx context.Context) error {
	accounts := c.client.CoreV1().ServiceAccounts(c.namespace)
	name := c.Name + "-kafka"
	if _, err := accounts.Create(ctx, &corev1.ServiceAccount{ObjectMeta: c.about(name, name)}, metav1.CreateOptions{}); operators.Made(err) != nil {
		return err
	}
	if c.Spec.Kafka.Rack == nil {
		return nil
	}
	_, err := c.client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: c.bindingName(), Labels: c.labels(name)},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "strimzi-kafka-broker"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: name, Namespace: c.namespace}},
	}, metav1.CreateOptions{})
	return operators.Made(err)
}

// unbind takes away the rights of brokers whose Kafka is gone (KafkaAssemblyOperator.java, delete).
func (p place) unbind(ctx context.Context, seen map[string]bool) error {
	bindings := p.client.RbacV1().ClusterRoleBindings()
	list, err := bindings.List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/managed-by=strimzi-cluster-operator"})
	if err != nil {
		return err
	}
	var failed error
	for _, one := range list.Items {
		if strings.HasPrefix(one.Name, "strimzi-"+p.namespace+"-") && !seen[one.Labels[clusterLabel]] {
			failed = errors.Join(failed, operators.Gone(bindings.Delete(ctx, one.Name, metav1.DeleteOptions{})))
		}
	}
	return failed
}

// services lead to brokers: one at which clients begin, and one that gives each node a name.
func (c *cluster) services(ctx context.Context) error {
	own := []corev1.ServicePort{{Name: "tcp-replication", Port: 9091}}
	nodes := []corev1.ServicePort{{Name: "tcp-ctrlplane", Port: 9090}, {Name: "tcp-replication", Port: 9091}, {Name: "tcp-kafkaagent", Port: 8443}}
	for _, one := range c.Spec.Kafka.Listeners {
		if one.Type != "internal" {
			return refusal{"NotSupportedByLab", "the lab's operator knows listeners of the type internal, and not " + one.Type}
		}
		port := corev1.ServicePort{Name: "tcp-" + one.Name, Port: one.Port}
		own, nodes = append(own, port), append(nodes, port)
	}
	name := c.Name + "-kafka"
	selector := map[string]string{clusterLabel: c.Name, "strimzi.io/kind": "Kafka", "strimzi.io/name": name}
	brokers := map[string]string{"strimzi.io/broker-role": "true"}
	for key, value := range selector {
		brokers[key] = value
	}
	for _, one := range []*corev1.Service{
		{ObjectMeta: c.about(name+"-bootstrap", name), Spec: corev1.ServiceSpec{Selector: brokers, Ports: own}},
		{ObjectMeta: c.about(name+"-brokers", name), Spec: corev1.ServiceSpec{
			Selector: selector, Ports: nodes, ClusterIP: corev1.ClusterIPNone, PublishNotReadyAddresses: true,
		}},
	} {
		if _, err := c.client.CoreV1().Services(c.namespace).Create(ctx, one, metav1.CreateOptions{}); operators.Made(err) != nil {
			return err
		}
	}
	return nil
}

// entityRules are those of the operators of topics and users (032-Role, EntityOperator.java).
var entityRules = []rbacv1.PolicyRule{
	{APIGroups: []string{"kafka.strimzi.io"}, Resources: []string{"kafkatopics"}, Verbs: []string{"get", "list", "watch", "create", "patch", "update", "delete"}},
	{APIGroups: []string{"kafka.strimzi.io"}, Resources: []string{"kafkausers"}, Verbs: []string{"get", "list", "watch", "create", "patch", "update"}},
	{APIGroups: []string{"kafka.strimzi.io"}, Resources: []string{"kafkatopics/status", "kafkausers/status"}, Verbs: []string{"get", "patch", "update"}},
	{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "list", "watch", "create", "delete", "patch", "update"}},
}

// entityOperator runs the operators of topics and users, once the nodes are ready.
func (c *cluster) entityOperator(ctx context.Context) error {
	spec := c.Spec.EntityOperator
	if spec == nil {
		return nil
	}
	name := c.Name + "-entity-operator"
	about := c.about(name, name)
	if _, err := c.client.CoreV1().ServiceAccounts(c.namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: about}, metav1.CreateOptions{}); operators.Made(err) != nil {
		return err
	}
	if _, err := c.client.RbacV1().Roles(c.namespace).Create(ctx, &rbacv1.Role{ObjectMeta: about, Rules: entityRules}, metav1.CreateOptions{}); operators.Made(err) != nil {
		return err
	}
	for _, kind := range []string{"topic", "user"} {
		_, err := c.client.RbacV1().RoleBindings(c.namespace).Create(ctx, &rbacv1.RoleBinding{
			ObjectMeta: c.about(fmt.Sprintf("%s-entity-%s-operator-role", c.Name, kind), name),
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
			Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Name: name, Namespace: c.namespace}},
		}, metav1.CreateOptions{})
		if operators.Made(err) != nil {
			return err
		}
	}
	var containers []corev1.Container
	if spec.TopicOperator != nil {
		containers = append(containers, c.entity("topic", 8080, spec.TopicOperator.Resources))
	}
	if spec.UserOperator != nil {
		containers = append(containers, c.entity("user", 8081, spec.UserOperator.Resources))
	}
	one := int32(1)
	selector := map[string]string{clusterLabel: c.Name, "strimzi.io/kind": "Kafka", "strimzi.io/name": name}
	deployments := c.client.AppsV1().Deployments(c.namespace)
	_, err := deployments.Create(ctx, &appsv1.Deployment{ObjectMeta: about, Spec: appsv1.DeploymentSpec{
		Replicas: &one, Selector: &metav1.LabelSelector{MatchLabels: selector}, Strategy: appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: about.Labels}, Spec: corev1.PodSpec{
			ServiceAccountName: name, Containers: containers,
		}},
	}}, metav1.CreateOptions{})
	if operators.Made(err) != nil {
		return err
	}
	current, err := deployments.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if current.Status.ReadyReplicas < 1 {
		return errors.New("the entity operator is not ready")
	}
	return nil
}

func (c *cluster) entity(kind string, port int32, resources corev1.ResourceRequirements) corev1.Container {
	return corev1.Container{
		Name: kind + "-operator", Image: c.operatorImage("STRIMZI_DEFAULT_" + strings.ToUpper(kind) + "_OPERATOR_IMAGE"),
		Args: []string{"/opt/strimzi/bin/" + kind + "_operator_run.sh"}, Resources: resources, SecurityContext: c.context(),
		Env: []corev1.EnvVar{
			{Name: "STRIMZI_RESOURCE_LABELS", Value: clusterLabel + "=" + c.Name},
			{Name: "STRIMZI_NAMESPACE", Value: c.namespace},
			{Name: "STRIMZI_KAFKA_BOOTSTRAP_SERVERS", Value: fmt.Sprintf("%s-kafka-bootstrap.%s.svc:9091", c.Name, c.namespace)},
		},
		Ports: []corev1.ContainerPort{{Name: "healthcheck", ContainerPort: port}},
		ReadinessProbe: &corev1.Probe{
			ProbeHandler:        corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/ready", Port: intstr.FromString("healthcheck")}},
			InitialDelaySeconds: 10, TimeoutSeconds: 5,
		},
	}
}
