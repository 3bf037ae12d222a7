package kubelet

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// knownFor is how long an answer of the API about somebody counts: the real default for those who may, which is the
// longer one (KubeletConfiguration, authorization.webhook.cacheAuthorizedTTL).
const knownFor = 5 * time.Minute

// askers remembers whom the API allowed to read metrics, by the token's hash.
type askers struct {
	mu    sync.Mutex
	until map[[sha256.Size]byte]time.Time
}

func (a *askers) knows(token [sha256.Size]byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Now().Before(a.until[token])
}

func (a *askers) remember(token [sha256.Size]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.until == nil {
		a.until = map[[sha256.Size]byte]time.Time{}
	}
	a.until[token] = time.Now().Add(knownFor)
}

// asReader serves those who may get `nodes/metrics`, by the token that they show: the API says whose it is and what that
// one may, as with a real kubelet (https://kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/).
func (k *kubelet) asReader(serve http.HandlerFunc) http.HandlerFunc {
	var known askers
	return func(w http.ResponseWriter, r *http.Request) {
		token, shown := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !shown {
			http.Error(w, "Unauthorized", http.StatusUnauthorized)
			return
		}
		hash := sha256.Sum256([]byte(token))
		if !known.knows(hash) {
			status, err := k.mayRead(r.Context(), token)
			if err != nil {
				http.Error(w, "Internal Error", http.StatusInternalServerError)
				k.log.Warn("the API does not say who asks for metrics", "error", err)
				return
			}
			if status != http.StatusOK {
				http.Error(w, http.StatusText(status), status)
				return
			}
			known.remember(hash)
		}
		serve(w, r)
	}
}

func (k *kubelet) mayRead(ctx context.Context, token string) (status int, err error) {
	review, err := k.client.AuthenticationV1().TokenReviews().Create(ctx, &authenticationv1.TokenReview{
		Spec: authenticationv1.TokenReviewSpec{Token: token},
	}, metav1.CreateOptions{})
	if err != nil {
		return 0, err
	}
	if !review.Status.Authenticated {
		return http.StatusUnauthorized, nil
	}
	user := review.Status.User
	access, err := k.client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{
			User: user.Username, Groups: user.Groups, UID: user.UID,
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Verb: "get", Version: "v1", Resource: "nodes", Subresource: "metrics", Name: k.options.NodeName,
			},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return 0, err
	}
	if !access.Status.Allowed {
		return http.StatusForbidden, nil
	}
	return http.StatusOK, nil
}

// metrics are the kubelet's own, of which it tells its name and its pods that run.
// https://kubernetes.io/docs/reference/instrumentation/metrics/
func (k *kubelet) metrics(w http.ResponseWriter, r *http.Request) {
	pods, err := k.client.CoreV1().Pods("").List(r.Context(), metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("spec.nodeName", k.options.NodeName).String(), ResourceVersion: "0",
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	running := 0
	for _, pod := range pods.Items {
		if pod.Status.Phase == corev1.PodRunning {
			running++
		}
	}
	fmt.Fprintf(w, "# TYPE kubelet_node_name gauge\nkubelet_node_name{node=%q} 1\n# TYPE kubelet_running_pods gauge\nkubelet_running_pods %d\n",
		k.options.NodeName, running)
}

// nothing is an answer without figures: the lab counts neither what containers use nor probes.
func nothing(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, "# the lab's kubelet counts nothing here\n")
}
