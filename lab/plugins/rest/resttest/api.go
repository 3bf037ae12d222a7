// Package resttest serves a made-up API to tests of plugins and takes resources through their life.
package resttest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// Answer is what a request gets.
type Answer struct {
	// Status defaults to 200.
	Status int
	Body   string
	// Header replaces Content-Type: application/json.
	Header http.Header
	// Lost breaks the connection after the request was read.
	Lost bool
}

// Request is what was asked.
type Request struct {
	// Line is the method and the path with its query.
	Line   string
	Header http.Header
	Body   string
}

// API answers requests by their lines, in turn; the last answer of a line stays.
type API struct {
	URL string

	mu      sync.Mutex
	answers map[string][]Answer
	asked   []Request
}

// Serve starts an API that lives as long as the test. A request without an answer fails the test.
func Serve(t *testing.T, answers map[string][]Answer) *API {
	t.Helper()
	api := &API{answers: answers}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		line := r.Method + " " + r.URL.RequestURI()
		answer, ok := api.answer(Request{Line: line, Header: r.Header, Body: string(content)})
		switch {
		case !ok:
			t.Errorf("unexpected %s", line)
			w.WriteHeader(http.StatusNotImplemented)
			return
		case answer.Lost:
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/json")
		for name, values := range answer.Header {
			w.Header()[name] = values
		}
		if answer.Status != 0 {
			w.WriteHeader(answer.Status)
		}
		if _, err := io.WriteString(w, answer.Body); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}))
	t.Cleanup(server.Close)
	api.URL = server.URL
	return api
}

func (a *API) answer(request Request) (Answer, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, request)
	left := a.answers[request.Line]
	if len(left) == 0 {
		return Answer{}, false
	}
	if len(left) > 1 {
		a.answers[request.Line] = left[1:]
	}
	return left[0], true
}

// Asked are the requests so far.
func (a *API) Asked() []Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.asked)
}

// Last is the latest request of a line; the test fails when there is none.
func (a *API) Last(t *testing.T, line string) Request {
	t.Helper()
	asked := a.Asked()
	slices.Reverse(asked)
	for _, one := range asked {
		if one.Line == line {
			return one
		}
	}
	t.Fatalf("no %s; asked were %v", line, asked)
	return Request{}
}

// Bodies is an answer of 200 for each body.
func Bodies(bodies ...string) []Answer {
	var answers []Answer
	for _, body := range bodies {
		answers = append(answers, Answer{Body: body})
	}
	return answers
}
