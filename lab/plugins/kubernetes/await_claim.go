package kubernetes

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// A claim is polled, and no setting changes its limit.
const (
	claimInterval = 500 * time.Millisecond
	claimLimit    = 5 * time.Minute
)

// awaitClaim polls until the claim is bound; one of a class that binds at first use is ready as
// soon as the class is known.
func (p *kubeProvider) awaitClaim(urn resource.URN, live *unstructured.Unstructured, updated bool,
) (*unstructured.Unstructured, error) {
	client, err := p.cluster.clientFor(live)
	if err != nil {
		return live, err
	}
	classes := p.cluster.objects.Resource(storageClasses)
	over := time.After(claimLimit)
	next := time.NewTicker(claimInterval)
	defer next.Stop()
	mode := ""
	for {
		now, err := client.Get(p.life, live.GetName(), metav1.GetOptions{})
		if err != nil {
			return live, &waitError{message: err.Error(), object: live}
		}
		live = now
		if mode == "" {
			if mode, err = p.bindingMode(classes, live); err != nil {
				p.say(diag.Warning, urn, err.Error())
			}
		}
		if claimReady(live, mode, updated) {
			return live, nil
		}
		select {
		case <-p.life.Done():
			return live, &waitError{
				message: fmt.Sprintf("Resource operation was cancelled for '%s'", live.GetName()), object: live,
			}
		case <-over:
			return live, &waitError{
				message: fmt.Sprintf("Timeout occurred polling for '%s'", live.GetName()), object: live,
			}
		case <-next.C:
		}
	}
}

func claimReady(claim *unstructured.Unstructured, mode string, updated bool) bool {
	phase := text(claim, "status", "phase")
	if mode == "WaitForFirstConsumer" && !(updated && phase == "Bound") {
		return phase == "Pending"
	}
	return phase == "Bound"
}

func (p *kubeProvider) bindingMode(classes dynamic.ResourceInterface, claim *unstructured.Unstructured) (string, error) {
	name := text(claim, "spec", "storageClassName")
	if name == "" {
		return "", fmt.Errorf("no storage class found for %q", claim.GetName())
	}
	class, err := classes.Get(p.life, name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("getting storageclass %q: %w", name, err)
	}
	return text(class, "volumeBindingMode"), nil
}
