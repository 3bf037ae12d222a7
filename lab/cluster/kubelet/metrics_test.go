package kubelet

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// The API knows two tokens, of which one may read metrics of this node.
func TestMetricsAreForThoseWhomTheAPIAllowsThem(t *testing.T) {
	client := fake.NewClientset()
	reviews := 0
	client.PrependReactor("create", "tokenreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		reviews++
		review := action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenReview)
		token := review.Spec.Token
		review.Status = authenticationv1.TokenReviewStatus{Authenticated: token == "reader" || token == "other"}
		review.Status.User.Username = token
		return true, review, nil
	})
	client.PrependReactor("create", "subjectaccessreviews", func(action clienttesting.Action) (bool, runtime.Object, error) {
		review := action.(clienttesting.CreateAction).GetObject().(*authorizationv1.SubjectAccessReview)
		asked := *review.Spec.ResourceAttributes
		review.Status.Allowed = review.Spec.User == "reader" && asked.Resource == "nodes" && asked.Subresource == "metrics" &&
			asked.Name == "stone" && asked.Verb == "get"
		return true, review, nil
	})
	k := &kubelet{client: client, options: Options{NodeName: "stone"}, log: slog.New(slog.DiscardHandler)}
	serve := k.asReader(nothing)
	for header, want := range map[string]int{
		"": http.StatusUnauthorized, "Bearer stranger": http.StatusUnauthorized, "Bearer other": http.StatusForbidden,
		"Bearer reader": http.StatusOK,
	} {
		request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		if header != "" {
			request.Header.Set("Authorization", header)
		}
		answer := httptest.NewRecorder()
		serve(answer, request)
		if answer.Code != want {
			t.Errorf("%q: %d instead of %d", header, answer.Code, want)
		}
	}
	before := reviews
	request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	request.Header.Set("Authorization", "Bearer reader")
	serve(httptest.NewRecorder(), request)
	if reviews != before {
		t.Error("the API is asked again about somebody whom it has just allowed")
	}
}
