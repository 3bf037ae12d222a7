package tailscale

import (
	"k8s.io/apimachinery/pkg/types"
)

// proxied is what the operator makes a StatefulSet of proxies for: a Connector, or a Service that it shows to the tailnet
// (cmd/k8s-operator/sts.go: tailscaleSTSConfig).
type proxied struct {
	name string
	uid  types.UID
	// labels are those of everything that belongs to it.
	labels   map[string]string
	tags     []string
	replicas int32
	// hostname is the name that a replica asks the tailnet for.
	hostname func(ordinal int32) string
	routes   []string
	// leadsTo is the address in the cluster to which the proxies hand what comes to their own; empty where there is none.
	leadsTo string
	// kind is what metrics call it.
	kind string
}

func (o *operator) proxied(cn *connector) proxied {
	return proxied{
		name: cn.Name, uid: cn.UID, labels: children(cn.Name, o.settings.namespace, "connector"), tags: cn.Spec.Tags,
		replicas: cn.replicas(), hostname: cn.hostname, routes: cn.advertised(), kind: "connector",
	}
}

// children are the labels of everything that the operator makes for an object.
func children(name, namespace, kind string) map[string]string {
	return map[string]string{
		labelManaged: "true", labelParent: name, labelParentNamespace: namespace, labelParentType: kind,
	}
}
