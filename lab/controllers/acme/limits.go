package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// window is the time after which a certificate no longer counts: https://letsencrypt.org/docs/rate-limits/
const window = 7 * 24 * time.Hour

// limits counts certificates for the very same names. Without a number nothing is refused, as at the staging server, whose
// limits no site meets.
type limits struct {
	duplicates int
	lock       sync.Mutex
	// names of an order by the last part of its address, and when certificates for names were issued
	orders map[string]string
	issued map[string][]time.Time
}

func newLimits(duplicates int) *limits {
	return &limits{duplicates: duplicates, orders: map[string]string{}, issued: map[string][]time.Time{}}
}

// guard refuses an order beyond the limit as Let's Encrypt does (RFC 8555, 6.6), and counts those that end in a certificate.
// What is said of these names the order, as Let's Encrypt's answer does and pebble's does not (boulder, wfe2/wfe.go,
// FinalizeOrder): cert-manager waits for a certificate there, and without it begins again five seconds later.
func (l *limits) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		switch {
		case request.Method == http.MethodPost && request.URL.Path == "/order-plz":
			l.order(next, response, request)
		case request.Method == http.MethodPost && strings.HasPrefix(request.URL.Path, "/finalize-order/"):
			recorder := record(next, request)
			if recorder.Code == http.StatusOK {
				order := lastPart(request.URL.Path)
				l.count(order)
				recorder.Header().Set("Location", fmt.Sprintf("https://%s/my-order/%s", request.Host, order))
			}
			replay(recorder, response)
		default:
			next.ServeHTTP(response, request)
		}
	})
}

func (l *limits) order(next http.Handler, response http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	names := namesOf(body)
	if free := l.freeAt(names); !free.IsZero() {
		refuse(response, names, l.duplicates, free)
		return
	}
	recorder := record(next, request)
	if recorder.Code == http.StatusCreated {
		l.lock.Lock()
		l.orders[lastPart(recorder.Header().Get("Location"))] = names
		l.lock.Unlock()
	}
	replay(recorder, response)
}

// freeAt is when the names may be ordered again; the zero time while they may.
func (l *limits) freeAt(names string) time.Time {
	l.lock.Lock()
	defer l.lock.Unlock()
	recent := slices.DeleteFunc(l.issued[names], func(at time.Time) bool { return time.Since(at) > window })
	l.issued[names] = recent
	if l.duplicates == 0 || names == "" || len(recent) < l.duplicates {
		return time.Time{}
	}
	return recent[0].Add(window)
}

func (l *limits) count(order string) {
	l.lock.Lock()
	defer l.lock.Unlock()
	names := l.orders[order]
	l.issued[names] = append(l.issued[names], time.Now())
}

func refuse(response http.ResponseWriter, names string, duplicates int, free time.Time) {
	detail := fmt.Sprintf("too many certificates (%d) already issued for this exact set of identifiers in the last 168h0m0s, "+
		"retry after %s: see https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers (%s)",
		duplicates, free.UTC().Format(time.DateTime+" MST"), names)
	response.Header().Set("Content-Type", "application/problem+json")
	response.Header().Set("Retry-After", fmt.Sprint(int(time.Until(free).Seconds())))
	response.WriteHeader(http.StatusTooManyRequests)
	_ = json.NewEncoder(response).Encode(map[string]any{
		"type": "urn:ietf:params:acme:error:rateLimited", "detail": detail, "status": http.StatusTooManyRequests,
	})
}

// namesOf are the identifiers of a signed order, sorted; empty where it cannot be read, which pebble then says itself.
func namesOf(body []byte) string {
	var signed struct{ Payload string }
	var order struct{ Identifiers []struct{ Value string } }
	if json.Unmarshal(body, &signed) != nil {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(signed.Payload)
	if err != nil || json.Unmarshal(payload, &order) != nil {
		return ""
	}
	names := make([]string, 0, len(order.Identifiers))
	for _, identifier := range order.Identifiers {
		names = append(names, strings.ToLower(identifier.Value))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func lastPart(path string) string { return path[strings.LastIndex(path, "/")+1:] }

func record(next http.Handler, request *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	next.ServeHTTP(recorder, request)
	return recorder
}

func replay(recorder *httptest.ResponseRecorder, response http.ResponseWriter) {
	for name, values := range recorder.Header() {
		response.Header()[name] = values
	}
	response.WriteHeader(recorder.Code)
	_, _ = response.Write(recorder.Body.Bytes())
}
