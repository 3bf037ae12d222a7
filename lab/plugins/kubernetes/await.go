package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// wait decides from what is seen on the server whether an object is ready. It holds no clients and
// no goroutines, so that it can be tested by feeding it objects.
type wait interface {
	// watches lists what to look at, the object's own kind first.
	watches() []string
	// observe takes in an object of one of those kinds, as it is now or as it was when it went.
	observe(kind string, deleted bool, object *unstructured.Unstructured)
	done() bool
	// object is the awaited object as last seen.
	object() *unstructured.Unstructured
	// progress is one line on what is missing; empty to say nothing.
	progress() string
	// reasons are why it is not ready, for the error after the limit.
	reasons() []string
}

// Optional parts of a wait.
type (
	// failing waits end before the limit when the object can never become ready.
	failing interface{ failed() error }
	// settling waits depend on time: done is asked again at the given moment, if it is not zero.
	settling interface{ settlesAt() time.Time }
	// lenient waits succeed at the limit when only what is optional is missing.
	lenient interface{ enough() bool }
	// idle waits measure the limit from the last change seen, not from the start.
	idle interface{ limitFromLastChange() }
	// warning waits tell every ten seconds what is wrong with an object's pods.
	warning interface{ warnings() []string }
	// expiring waits have a text of their own for the limit.
	expiring interface{ expired() error }
)

// warningInterval is the time between two rounds of warnings about pods.
const warningInterval = 10 * time.Second

// await blocks until the object is ready, the limit has passed, or the engine cancels. last is the
// object before an update, nil after a create. The object as last seen is returned with any error.
func (p *kubeProvider) await(urn resource.URN, inputs, live, last *unstructured.Unstructured, limit time.Duration,
) (*unstructured.Unstructured, error) {
	if annotated(inputs, skipAwait) {
		return live, nil
	}
	var w wait
	if expressions := annotation(live, waitFor); expressions != "" {
		parsed, err := newExpressionWait(expressions, live)
		if err != nil {
			return live, err
		}
		w = parsed
	} else if isKind(live, "", kindClaim) {
		return p.awaitClaim(urn, live, last != nil)
	} else if w = newWait(live); w == nil {
		return live, nil
	}
	live, err := p.follow(urn, w, live, limit)
	if err == nil {
		p.say(diag.Info, urn, "")
	}
	return live, err
}

// look reads everything a wait depends on once. It fails with a waitError if the object is not
// ready now.
func (p *kubeProvider) look(live *unstructured.Unstructured) error {
	w := newWait(live)
	if w == nil || isKind(live, "", kindClaim) {
		return nil
	}
	w.observe(w.watches()[0], false, live)
	for _, kind := range w.watches()[1:] {
		list, err := p.cluster.objects.Resource(watched[kind]).Namespace(live.GetNamespace()).
			List(p.life, metav1.ListOptions{})
		if err != nil {
			return fmt.Errorf("listing %s of namespace %q: %w", watched[kind].Resource, live.GetNamespace(), err)
		}
		for i := range list.Items {
			w.observe(kind, false, &list.Items[i])
		}
	}
	if s, ok := w.(interface{ settle() }); ok {
		s.settle()
	}
	if w.done() {
		return nil
	}
	return uninitialised(w.object(), w.reasons())
}

// follow feeds the wait from watches.
func (p *kubeProvider) follow(urn resource.URN, w wait, live *unstructured.Unstructured, limit time.Duration,
) (*unstructured.Unstructured, error) {
	ctx, stop := context.WithCancel(p.life)
	defer stop()
	sightings := make(chan sighting)
	for i, kind := range w.watches() {
		name := ""
		if i == 0 {
			name = live.GetName()
		}
		if err := p.watch(ctx, kind, live, name, sightings); err != nil {
			return live, err
		}
	}
	_, fromLastChange := w.(idle)
	over := time.NewTimer(limit)
	defer over.Stop()
	warn := time.NewTicker(warningInterval)
	defer warn.Stop()

	said := ""
	for {
		if w.done() {
			return w.object(), nil
		}
		if f, ok := w.(failing); ok {
			if err := f.failed(); err != nil {
				return w.object(), err
			}
		}
		if text := w.progress(); text != "" && text != said {
			p.say(diag.Info, urn, text)
			said = text
		}
		select {
		case <-p.life.Done():
			return w.object(), cancelled(w.object(), w.reasons())
		case <-over.C:
			return w.object(), atLimit(w)
		case <-settled(w):
		case <-warn.C:
			if wn, ok := w.(warning); ok {
				for _, text := range wn.warnings() {
					p.say(diag.Warning, urn, text)
				}
			}
		case seen := <-sightings:
			w.observe(seen.kind, seen.deleted, seen.object)
			if fromLastChange {
				over.Reset(limit)
			}
		}
	}
}

func settled(w wait) <-chan time.Time {
	if s, ok := w.(settling); ok {
		if at := s.settlesAt(); !at.IsZero() {
			return time.After(time.Until(at))
		}
	}
	return nil
}

func atLimit(w wait) error {
	if l, ok := w.(lenient); ok && l.enough() {
		return nil
	}
	if e, ok := w.(expiring); ok {
		return e.expired()
	}
	return timedOut(w.object(), w.reasons())
}

// waits say what to wait for, by kind: those of the kinds that the official plugin waits for and that are
// served. A claim's wait is awaitClaim.
var waits = map[schema.GroupKind]func(live *unstructured.Unstructured) wait{
	{Group: "apps", Kind: kindDeployment}:  func(live *unstructured.Unstructured) wait { return newDeploymentWait(live) },
	{Group: "apps", Kind: kindStatefulSet}: func(live *unstructured.Unstructured) wait { return newStatefulSetWait(live) },
	{Group: "apps", Kind: kindDaemonSet}:   func(live *unstructured.Unstructured) wait { return newDaemonSetWait(live) },
	{Kind: kindService}:                    func(live *unstructured.Unstructured) wait { return newServiceWait(live) },
	{Group: "batch", Kind: kindJob}:        func(live *unstructured.Unstructured) wait { return newJobWait(live) },
}

// newWait chooses what to wait for; nil for kinds that are ready as soon as they exist.
func newWait(live *unstructured.Unstructured) wait {
	if start, awaited := waits[live.GroupVersionKind().GroupKind()]; awaited {
		return start(live)
	}
	return nil
}

// goesUnawaited says whether skipAwait also skips the wait for an object to disappear. It does so
// only for the kinds with a long history of it.
func goesUnawaited(object *unstructured.Unstructured) bool {
	gvk := object.GroupVersionKind()
	switch gvk.Group {
	case "":
		return slices.Contains([]string{"Namespace", "ReplicationController"}, gvk.Kind)
	case "apps":
		return slices.Contains([]string{kindDaemonSet, kindDeployment, kindStatefulSet}, gvk.Kind)
	case "batch":
		return gvk.Kind == kindJob
	}
	return false
}

func isKind(object *unstructured.Unstructured, group, kind string) bool {
	gvk := object.GroupVersionKind()
	return gvk.Group == group && gvk.Kind == kind
}
