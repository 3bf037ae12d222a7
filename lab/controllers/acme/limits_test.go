package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// pebble's answers as far as the limits look at them: each order is the first one.
func front(response http.ResponseWriter, request *http.Request) {
	if request.URL.Path == "/order-plz" {
		response.Header().Set("Location", "https://acme.test/my-order/one")
		response.WriteHeader(http.StatusCreated)
	}
}

func post(handler http.Handler, path, body string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "https://acme.test"+path, strings.NewReader(body)))
	return recorder
}

func TestAFinalizationSaysWhereItsOrderIs(t *testing.T) {
	answer := post(newLimits(0).guard(http.HandlerFunc(front)), "/finalize-order/one", "")
	if at := answer.Header().Get("Location"); at != "https://acme.test/my-order/one" {
		t.Errorf("the order is at %q", at)
	}
}

func TestNamesAreRefusedBeyondTheLimit(t *testing.T) {
	guarded := newLimits(2).guard(http.HandlerFunc(front))
	payload := base64.RawURLEncoding.EncodeToString([]byte(`{"identifiers":[{"value":"*.example.net"},{"value":"example.net"}]}`))
	order := fmt.Sprintf(`{"payload":%q}`, payload)
	for range 2 {
		if code := post(guarded, "/order-plz", order).Code; code != http.StatusCreated {
			t.Fatalf("an order within the limit: %d", code)
		}
		post(guarded, "/finalize-order/one", "")
	}
	refused := post(guarded, "/order-plz", order)
	if refused.Code != http.StatusTooManyRequests || !strings.Contains(refused.Body.String(), "*.example.net, example.net") {
		t.Errorf("an order beyond it: %d %s", refused.Code, refused.Body)
	}
}
