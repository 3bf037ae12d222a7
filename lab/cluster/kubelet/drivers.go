package kubelet

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"

	"homelab/lab/cluster/kubelet/program"
)

// registrationPath is the argument by which a driver's registrar names its socket:
// /var/lib/kubelet/plugins/<driver>/csi.sock
// (https://kubernetes-csi.github.io/docs/node-driver-registrar.html).
const registrationPath = "--kubelet-registration-path="

// unregisterPatience is how long the node's list of drivers may take to change when a registrar ends.
const unregisterPatience = 5 * time.Second

// runRegistrar is what the image csi-node-driver-registrar does: the driver beside it is the node's while it runs.
func runRegistrar(ctx context.Context, c program.Container) error {
	driver := ""
	for _, argument := range slices.Concat(c.Spec.Command, c.Spec.Args) {
		if socket, ok := strings.CutPrefix(argument, registrationPath); ok {
			driver = path.Base(path.Dir(socket))
		}
	}
	if driver == "" || driver == "." || driver == "/" {
		return fmt.Errorf("kubelet-registration-path is a required parameter")
	}
	if err := c.Drivers.Register(ctx, driver); err != nil {
		return err
	}
	c.Ready(true)
	<-ctx.Done()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), unregisterPatience)
	defer cancel()
	return c.Drivers.Unregister(last, driver)
}

// Register implements program.Drivers: it adds the driver to the node's CSINode.
func (k *kubelet) Register(ctx context.Context, driver string) error {
	return k.editDrivers(ctx, func(drivers []storagev1.CSINodeDriver) []storagev1.CSINodeDriver {
		return append(without(drivers, driver), storagev1.CSINodeDriver{Name: driver, NodeID: k.options.NodeName})
	})
}

// Unregister implements program.Drivers.
func (k *kubelet) Unregister(ctx context.Context, driver string) error {
	return k.editDrivers(ctx, func(drivers []storagev1.CSINodeDriver) []storagev1.CSINodeDriver { return without(drivers, driver) })
}

func without(drivers []storagev1.CSINodeDriver, name string) []storagev1.CSINodeDriver {
	return slices.DeleteFunc(slices.Clone(drivers), func(one storagev1.CSINodeDriver) bool { return one.Name == name })
}

func (k *kubelet) editDrivers(ctx context.Context, edit func([]storagev1.CSINodeDriver) []storagev1.CSINodeDriver) error {
	nodes := k.client.StorageV1().CSINodes()
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		current, err := nodes.Get(ctx, k.options.NodeName, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			node, err := k.client.CoreV1().Nodes().Get(ctx, k.options.NodeName, metav1.GetOptions{})
			if err != nil {
				return err
			}
			_, err = nodes.Create(ctx, &storagev1.CSINode{
				ObjectMeta: metav1.ObjectMeta{Name: node.Name, OwnerReferences: []metav1.OwnerReference{
					{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID},
				}},
				Spec: storagev1.CSINodeSpec{Drivers: edit(nil)},
			}, metav1.CreateOptions{})
			if apierrors.IsAlreadyExists(err) {
				err = apierrors.NewConflict(storagev1.Resource("csinodes"), node.Name, err)
			}
			return err
		}
		if err != nil {
			return err
		}
		changed := current.DeepCopy()
		changed.Spec.Drivers = edit(current.Spec.Drivers)
		_, err = nodes.Update(ctx, changed, metav1.UpdateOptions{})
		return err
	})
}
