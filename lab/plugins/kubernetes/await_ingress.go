package kubernetes

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ingressGrace is how long the services of an Ingress may stay without Endpoints before their
// absence is only a warning.
const ingressGrace = time.Minute

// ingressWait is done when the services of its rules have Endpoints (or the grace has passed) and
// a controller has written an address into the status.
type ingressWait struct {
	settler
	live      *unstructured.Unstructured
	since     time.Time
	endpoints map[string]*unstructured.Unstructured
	external  map[string]*unstructured.Unstructured
}

func newIngressWait(live *unstructured.Unstructured) *ingressWait {
	w := &ingressWait{
		live: live, settler: settler{now: time.Now}, endpoints: map[string]*unstructured.Unstructured{},
		external: map[string]*unstructured.Unstructured{},
	}
	w.since = w.now()
	return w
}

func (*ingressWait) watches() []string                    { return []string{kindIngress, kindEndpoints, kindService} }
func (w *ingressWait) object() *unstructured.Unstructured { return w.live }

func (w *ingressWait) observe(kind string, deleted bool, object *unstructured.Unstructured) {
	switch kind {
	case kindIngress:
		if !deleted && object.GetName() == w.live.GetName() {
			w.live = object
		}
	case kindEndpoints:
		w.changed()
		keep(w.endpoints, object.GetName(), deleted, object)
	case kindService:
		keep(w.external, object.GetName(), deleted || text(object, "spec", "type") != "ExternalName", object)
	}
}

func (w *ingressWait) settlesAt() time.Time {
	if at := w.settler.settlesAt(); !at.IsZero() {
		return at
	}
	if !w.settled && len(w.endpoints) == 0 {
		return w.since.Add(ingressGrace)
	}
	return time.Time{}
}

// unserved are the services of the rules without Endpoints.
func (w *ingressWait) unserved() []string {
	var names []string
	rules, _, _ := unstructured.NestedSlice(w.live.Object, "spec", "rules")
	for _, element := range rules {
		rule, _ := element.(map[string]any)
		paths, _, _ := unstructured.NestedSlice(rule, "http", "paths")
		for _, element := range paths {
			path, _ := element.(map[string]any)
			name, _, _ := unstructured.NestedString(path, "backend", "service", "name")
			if name != "" && w.endpoints[name] == nil && w.external[name] == nil {
				names = append(names, name)
			}
		}
	}
	return names
}

func (w *ingressWait) served() bool {
	if len(w.endpoints) == 0 && w.now().Sub(w.since) >= ingressGrace {
		w.settle()
	}
	return w.check() || len(w.unserved()) == 0
}

func (w *ingressWait) addressed() bool {
	ingress, _, _ := unstructured.NestedSlice(w.live.Object, "status", "loadBalancer", "ingress")
	return len(ingress) > 0
}

func (w *ingressWait) done() bool   { return w.served() && w.addressed() }
func (w *ingressWait) enough() bool { return w.done() }

func (w *ingressWait) progress() string {
	if w.served() {
		return "[2/3] Waiting for update of .status.loadBalancer with hostname/IP"
	}
	return "[1/3] Finding a matching service for each Ingress path"
}

func (w *ingressWait) warnings() []string {
	if !w.settled {
		return nil
	}
	var warnings []string
	for _, name := range w.unserved() {
		warnings = append(warnings, "No matching service found for ingress rule: "+name)
	}
	return warnings
}

func (w *ingressWait) reasons() []string {
	var reasons []string
	if !w.served() {
		reasons = append(reasons, "Ingress has at least one rule with an unavailable target endpoint.")
	}
	if !w.addressed() {
		reasons = append(reasons, "Ingress .status.loadBalancer field was not updated with a hostname/IP address. "+
			"\n    for more information about this error, see https://pulumi.io/xdv72s")
	}
	return reasons
}
