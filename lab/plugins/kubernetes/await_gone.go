package kubernetes

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// awaitGone blocks until a deleted object has left the server. Finalizers hold it back: at the
// limit they are named, and the object stays in the state.
func (p *kubeProvider) awaitGone(urn resource.URN, client dynamic.ResourceInterface, object *unstructured.Unstructured,
	limit time.Duration,
) error {
	ctx, stop := context.WithCancel(p.life)
	defer stop()
	// The watch starts before the first look, so that nothing is missed in between.
	sightings := make(chan sighting)
	if err := p.watch(ctx, kindSelf, object, object.GetName(), sightings); err != nil {
		return err
	}
	over := time.NewTimer(limit)
	defer over.Stop()
	again := time.NewTicker(warningInterval)
	defer again.Stop()

	gone := func(ctx context.Context) bool {
		now, err := client.Get(ctx, object.GetName(), metav1.GetOptions{})
		if err == nil {
			object = now
			return false
		}
		if !apierrors.IsNotFound(err) {
			p.say(diag.Warning, urn, "unexpected error while checking cluster state: "+err.Error())
		}
		return apierrors.IsNotFound(err)
	}
	if gone(ctx) {
		return nil
	}
	said := ""
	for {
		if told := leaving(object); told != "" && told != said {
			p.say(diag.Info, urn, told)
			said = told
		}
		select {
		case seen := <-sightings:
			if seen.deleted {
				p.say(diag.Info, urn, "")
				return nil
			}
			object = seen.object
		case <-again.C:
			if gone(ctx) {
				return nil
			}
		case <-p.life.Done():
			return &waitError{message: p.life.Err().Error(), object: object}
		case <-over.C:
			if gone(ctx) {
				return nil
			}
			p.report(diag.Warning, urn, fmt.Sprintf("finalizers might be preventing deletion (%s)",
				strings.Join(object.GetFinalizers(), ", ")))
			return &waitError{message: "timed out waiting for the condition", object: object}
		}
	}
}

func leaving(object *unstructured.Unstructured) string {
	if object.GetDeletionTimestamp() == nil {
		return ""
	}
	for _, c := range conditionsOf(object) {
		if c.status == "True" && c.message != "" {
			return c.message
		}
	}
	return "Resource scheduled for deletion"
}
