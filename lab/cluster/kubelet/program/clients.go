package program

import (
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
)

// Clients are those of an operator, with the rights of the pod's service account: for Kubernetes' own
// kinds, and for custom ones.
func (c Container) Clients() (*kubernetes.Clientset, *dynamic.DynamicClient, error) {
	client, err := kubernetes.NewForConfig(c.API)
	if err != nil {
		return nil, nil, err
	}
	custom, err := dynamic.NewForConfig(c.API)
	return client, custom, err
}
