package kubernetes

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// settleTime is how long Endpoints must be known before a Service that selects pods counts as
// ready. Every such Service costs these seconds, on create and on update.
const settleTime = 10 * time.Second

// settler counts a thing as settled once a moment after one of its changes has come.
type settler struct {
	settled bool
	moments []time.Time
	now     func() time.Time
}

func (s *settler) changed() {
	s.settled = false
	s.moments = append(s.moments, s.now().Add(settleTime))
}

func (s *settler) settle() { s.settled, s.moments = true, nil }

// check takes note of the moments that have come.
func (s *settler) check() bool {
	for len(s.moments) > 0 && !s.moments[0].After(s.now()) {
		s.settled, s.moments = true, s.moments[1:]
	}
	return s.settled
}

func (s *settler) settlesAt() time.Time {
	if len(s.moments) == 0 {
		return time.Time{}
	}
	return s.moments[0]
}

// serviceWait is done when a load balancer has its address and, for a Service that selects pods,
// its Endpoints have settled without an address that is not ready. No matching pod at all is fine.
type serviceWait struct {
	settler
	live          *unstructured.Unstructured
	seen          bool
	targets       bool
	pendingTarget bool
}

func newServiceWait(live *unstructured.Unstructured) *serviceWait {
	return &serviceWait{live: live, settler: settler{now: time.Now}}
}

func (*serviceWait) watches() []string                    { return []string{kindService, kindEndpoints} }
func (w *serviceWait) object() *unstructured.Unstructured { return w.live }

func (w *serviceWait) observe(kind string, deleted bool, object *unstructured.Unstructured) {
	if object.GetName() != w.live.GetName() {
		return
	}
	if kind == kindService {
		w.seen = !deleted
		if !deleted {
			w.live = object
		}
		return
	}
	w.changed()
	w.targets, w.pendingTarget = false, false
	if deleted {
		return
	}
	subsets, _, _ := unstructured.NestedSlice(object.Object, "subsets")
	for _, element := range subsets {
		subset, _ := element.(map[string]any)
		ready, _ := subset["addresses"].([]any)
		unready, _ := subset["notReadyAddresses"].([]any)
		w.targets = w.targets || len(ready) > 0
		w.pendingTarget = w.pendingTarget || len(unready) > 0
	}
}

func (w *serviceWait) balances() bool { return text(w.live, "spec", "type") == "LoadBalancer" }

// addressed says that the Service has the address that its type asks for.
func (w *serviceWait) addressed() bool {
	if !w.balances() {
		return w.seen
	}
	ingress, _, _ := unstructured.NestedSlice(w.live.Object, "status", "loadBalancer", "ingress")
	return w.seen && len(ingress) > 0
}

func (w *serviceWait) selects() bool {
	selector, _, _ := unstructured.NestedMap(w.live.Object, "spec", "selector")
	return len(selector) > 0 && text(w.live, "spec", "clusterIP") != "None" &&
		text(w.live, "spec", "type") != "ExternalName"
}

func (w *serviceWait) done() bool {
	if !w.selects() {
		return w.addressed()
	}
	return w.check() && w.addressed() && !w.pendingTarget
}

func (w *serviceWait) enough() bool { return w.addressed() && !w.pendingTarget }

func (w *serviceWait) progress() string {
	if w.check() && w.targets && !w.addressed() {
		return "[2/3] Attempting to allocate IP address to Service"
	}
	if w.selects() || w.balances() {
		return "[1/3] Finding Pods to direct traffic to"
	}
	return ""
}

func (w *serviceWait) reasons() []string {
	var reasons []string
	if text(w.live, "spec", "clusterIP") == "None" || text(w.live, "spec", "type") == "ExternalName" {
		return reasons
	}
	if !w.targets {
		reasons = append(reasons, "Service does not target any Pods. Selected Pods may not be ready, or "+
			"field '.spec.selector' may not match labels on any Pods")
	}
	if w.balances() && !w.addressed() {
		reasons = append(reasons, "Service was not allocated an IP address; does your cloud provider support this?")
	}
	return reasons
}
