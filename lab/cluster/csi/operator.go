// Package csi is what the lab's kubelet runs for the images of Ceph's CSI: the operator that makes each driver's Deployment and
// DaemonSet, and the side cars that make, copy, attach and grow volumes. A volume is a folder of the lab, which all machines
// see. Read from ceph/ceph-csi-operator v1.0.4, and from the side cars of kubernetes-csi.
package csi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/passes"
)

const again = time.Second

func kind(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "csi.ceph.io", Version: "v1", Resource: plural}
}

// driver is the part of a Driver that the lab's operator reads; an OperatorConfig's defaults have the same form.
type driver struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              driverSpec `json:"spec"`
}

type driverSpec struct {
	ImageSet struct {
		Name string `json:"name"`
	} `json:"imageSet"`
	SnapshotPolicy   string `json:"snapshotPolicy"`
	AttachRequired   *bool  `json:"attachRequired"`
	FsGroupPolicy    string `json:"fsGroupPolicy"`
	ControllerPlugin plugin `json:"controllerPlugin"`
	NodePlugin       plugin `json:"nodePlugin"`
}

type plugin struct {
	Replicas           *int32              `json:"replicas"`
	PriorityClassName  string              `json:"priorityClassName"`
	ServiceAccountName string              `json:"serviceAccountName"`
	Tolerations        []corev1.Toleration `json:"tolerations"`
}

type operator struct {
	namespace string
	client    kubernetes.Interface
	dynamic   dynamic.Interface
}

// RunOperator makes what each Driver of its namespace asks for, until ctx ends.
func RunOperator(ctx context.Context, c program.Container) error {
	client, custom, err := c.Clients()
	if err != nil {
		return err
	}
	o := &operator{namespace: c.Env["OPERATOR_NAMESPACE"], client: client, dynamic: custom}
	if o.namespace == "" {
		return errors.New("OPERATOR_NAMESPACE is not set")
	}
	c.Ready(true)
	return passes.NewChanges().OverKinds(ctx, custom, again, c.Logger, o.pass, kind("drivers"), kind("operatorconfigs"), kind("clientprofiles"))
}

// cleanup is the operator's finalizer of a ClientProfile (clientprofile_controller.go): it hangs where the operator went first.
const cleanup = "csi.ceph.com/cleanup"

func (o *operator) pass(ctx context.Context) error {
	failed := o.profiles(ctx)
	config, err := o.dynamic.Resource(kind("operatorconfigs")).Namespace(o.namespace).Get(ctx, "ceph-csi-operator-config", metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	var defaults struct {
		Spec struct {
			DriverSpecDefaults driverSpec `json:"driverSpecDefaults"`
		} `json:"spec"`
	}
	if err == nil {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(config.Object, &defaults); err != nil {
			return err
		}
	}
	list, err := o.dynamic.Resource(kind("drivers")).Namespace(o.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range list.Items {
		var one driver
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(list.Items[i].Object, &one); err != nil {
			return err
		}
		if one.DeletionTimestamp == nil {
			failed = errors.Join(failed, o.deploy(ctx, &one, defaults.Spec.DriverSpecDefaults))
		}
	}
	return failed
}

func (o *operator) profiles(ctx context.Context) error {
	client := o.dynamic.Resource(kind("clientprofiles")).Namespace(o.namespace)
	list, err := client.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var failed error
	for i := range list.Items {
		one := &list.Items[i]
		wanted := []string{cleanup}
		if one.GetDeletionTimestamp() != nil {
			wanted = nil
		}
		if (len(one.GetFinalizers()) > 0) == (wanted != nil) {
			continue
		}
		one.SetFinalizers(wanted)
		_, err := client.Update(ctx, one, metav1.UpdateOptions{})
		failed = errors.Join(failed, err)
	}
	return failed
}

// deploy makes a driver's CSIDriver, its controller's Deployment and its nodes' DaemonSet.
func (o *operator) deploy(ctx context.Context, d *driver, defaults driverSpec) error {
	spec := d.Spec
	set := spec.ImageSet.Name
	if set == "" {
		set = defaults.ImageSet.Name
	}
	// Without the ConfigMap that Rook's chart brings, the operator has images of its own; the lab wants Rook's.
	images, err := o.client.CoreV1().ConfigMaps(o.namespace).Get(ctx, set, metav1.GetOptions{})
	if err != nil {
		return fmt.Errorf("the images of driver %s: %w", d.Name, err)
	}
	return errors.Join(
		o.register(ctx, d),
		o.controller(ctx, d, defaults, images.Data),
		o.nodes(ctx, d, defaults, images.Data),
	)
}

func (o *operator) register(ctx context.Context, d *driver) error {
	policy := storagev1.FSGroupPolicy(d.Spec.FsGroupPolicy)
	_, err := o.client.StorageV1().CSIDrivers().Create(ctx, &storagev1.CSIDriver{
		ObjectMeta: metav1.ObjectMeta{Name: d.Name, Annotations: map[string]string{"csi.ceph.io/ownerref": d.Namespace + "/" + d.Name}},
		Spec:       storagev1.CSIDriverSpec{AttachRequired: d.Spec.AttachRequired, FSGroupPolicy: &policy},
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

func owner(d *driver) []metav1.OwnerReference {
	yes := true
	return []metav1.OwnerReference{{APIVersion: "csi.ceph.io/v1", Kind: "Driver", Name: d.Name, UID: d.UID, Controller: &yes}}
}

// sidecars are the controller's containers by the image that each has; a snapshotter only where the driver's policy wants one.
func sidecars(policy string) []string {
	names := []string{"provisioner", "resizer", "attacher"}
	if policy != "none" {
		names = append(names, "snapshotter")
	}
	return names
}

func (o *operator) controller(ctx context.Context, d *driver, defaults driverSpec, images map[string]string) error {
	own, common := d.Spec.ControllerPlugin, defaults.ControllerPlugin
	name := d.Name + "-ctrlplugin"
	labels := map[string]string{"app": name}
	containers := []corev1.Container{{Name: "csi-" + family(d.Name) + "plugin", Image: images["plugin"], Args: []string{"--drivername=" + d.Name}}}
	for _, part := range sidecars(d.Spec.SnapshotPolicy) {
		containers = append(containers, corev1.Container{
			Name: "csi-" + part, Image: images[part],
			Args: []string{"--csi-address=unix:///csi/csi-provisioner.sock", "--leader-election=true", "--leader-election-namespace=" + d.Namespace},
			Env: []corev1.EnvVar{
				{Name: "DRIVER_NAME", Value: d.Name},
				{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}},
			},
		})
	}
	replicas := own.Replicas
	if replicas == nil {
		replicas = common.Replicas
	}
	wanted := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, OwnerReferences: owner(d)},
		Spec: appsv1.DeploymentSpec{
			Replicas: replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
				ServiceAccountName: own.ServiceAccountName, PriorityClassName: first(own.PriorityClassName, common.PriorityClassName),
				Tolerations: own.Tolerations, Containers: containers,
				// Two never share a node (driver_controller.go).
				Affinity: &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
					RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
						LabelSelector: &metav1.LabelSelector{MatchLabels: labels}, TopologyKey: "kubernetes.io/hostname",
					}},
				}},
			}},
		},
	}
	return write(ctx, o.client.AppsV1().Deployments(o.namespace), wanted, wanted.Spec)
}

func (o *operator) nodes(ctx context.Context, d *driver, defaults driverSpec, images map[string]string) error {
	own := d.Spec.NodePlugin
	name := d.Name + "-nodeplugin"
	labels := map[string]string{"app": name}
	wanted := &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, OwnerReferences: owner(d)},
		Spec: appsv1.DaemonSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
				ServiceAccountName: own.ServiceAccountName, HostNetwork: true, DNSPolicy: corev1.DNSClusterFirstWithHostNet,
				PriorityClassName: first(own.PriorityClassName, defaults.NodePlugin.PriorityClassName), Tolerations: own.Tolerations,
				Containers: []corev1.Container{
					{Name: "csi-" + family(d.Name) + "plugin", Image: images["plugin"], Args: []string{"--drivername=" + d.Name}},
					{Name: "driver-registrar", Image: images["registrar"], Args: []string{
						"--csi-address=unix:///csi/csi.sock", "--kubelet-registration-path=/var/lib/kubelet/plugins/" + d.Name + "/csi.sock",
					}},
				},
			}},
		},
	}
	return write(ctx, o.client.AppsV1().DaemonSets(o.namespace), wanted, wanted.Spec)
}

// annotationForm keeps what the operator last wrote, by which it tells a change of its own from the API server's defaults.
const annotationForm = "lab.csi.ceph.io/form"

// objects is the API of one kind in one namespace.
type objects[T any] interface {
	Get(ctx context.Context, name string, options metav1.GetOptions) (T, error)
	Create(ctx context.Context, object T, options metav1.CreateOptions) (T, error)
	Update(ctx context.Context, object T, options metav1.UpdateOptions) (T, error)
}

// write makes an object with this spec, or changes the one that was written with another.
func write[T metav1.Object](ctx context.Context, client objects[T], wanted T, spec any) error {
	text, err := json.Marshal(spec)
	if err != nil {
		return err
	}
	wanted.SetAnnotations(map[string]string{annotationForm: string(text)})
	current, err := client.Get(ctx, wanted.GetName(), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = client.Create(ctx, wanted, metav1.CreateOptions{})
		return err
	}
	if err != nil || current.GetAnnotations()[annotationForm] == string(text) {
		return err
	}
	wanted.SetResourceVersion(current.GetResourceVersion())
	_, err = client.Update(ctx, wanted, metav1.UpdateOptions{})
	return err
}

// family is rbd or cephfs, the last but three of a driver's name.
func family(name string) string {
	parts := strings.Split(strings.TrimSuffix(name, ".csi.ceph.com"), ".")
	return parts[len(parts)-1]
}

func first(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
