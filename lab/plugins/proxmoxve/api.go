package proxmoxve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"

	"homelab/lab/plugins/provider"
)

const (
	// getAttempts is how often a GET is tried when the connection breaks; other methods are not repeated.
	getAttempts = 3
	getPause    = 100 * time.Millisecond
)

// api speaks to Proxmox VE: forms in, {"data": ...} out (https://pve.proxmox.com/pve-docs/api-viewer/).
type api struct {
	// base is the endpoint without a path; requests go below /api2/json.
	base  string
	token string
	http  *http.Client
	ssh   sshSettings
}

// apiError is an answer outside 2xx; Reason has the status line's text, then what the body says.
type apiError struct {
	Status int
	Reason string
}

func (e *apiError) Error() string {
	return fmt.Sprintf("received an HTTP %d response - Reason: %s", e.Status, e.Reason)
}

var (
	errGone   = errors.New("the requested resource does not exist")
	errTaken  = errors.New("the requested resource already exists")
	errNoData = errors.New("the server did not include a data object in the response")
)

// get reads `data` into a value; a nil value discards it.
func (a *api) get(ctx context.Context, path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return a.do(ctx, http.MethodGet, path, nil, "", into)
}

// send posts or puts a form.
func (a *api) send(ctx context.Context, method, path string, form url.Values, into any) error {
	if len(form) == 0 {
		return a.do(ctx, method, path, nil, "", into)
	}
	return a.do(ctx, method, path, strings.NewReader(form.Encode()),
		"application/x-www-form-urlencoded", into)
}

// delete removes; its query is part of the path.
func (a *api) delete(ctx context.Context, path string, into any) error {
	return a.do(ctx, http.MethodDelete, path, nil, "", into)
}

func (a *api) do(
	ctx context.Context, method, path string, body io.Reader, contentType string, into any,
) error {
	fail := func(what string, err error) error {
		return fmt.Errorf("failed to %s HTTP %s request (path: %s) - Reason: %w", what, method, path, err)
	}
	response, err := a.roundTrip(ctx, method, path, body, contentType)
	if err != nil {
		return fail("perform", err)
	}
	content, err := io.ReadAll(response.Body)
	err = errors.Join(err, response.Body.Close())
	if response.StatusCode < 200 || response.StatusCode >= 300 {
		return answerError(response, content)
	}
	if err != nil {
		return fail("read the response of", err)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(content, &struct {
		Data any `json:"data"`
	}{into}); err != nil {
		return fail("decode the response of", err)
	}
	return nil
}

func (a *api) roundTrip(
	ctx context.Context, method, path string, body io.Reader, contentType string,
) (*http.Response, error) {
	attempts := 1
	if method == http.MethodGet {
		attempts = getAttempts
	}
	for try := 1; ; try++ {
		request, err := http.NewRequestWithContext(ctx, method, a.base+"/api2/json/"+path, body)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Accept", "application/json")
		request.Header.Set("Authorization", "PVEAPIToken="+a.token)
		if contentType != "" {
			request.Header.Set("Content-Type", contentType)
		}
		response, err := a.http.Do(request)
		if err == nil || try == attempts {
			return response, err
		}
		if err := provider.Pause(ctx, getPause); err != nil {
			return nil, err
		}
	}
}

// answerError makes the error of an answer, and recognises "gone" and "taken" by their words.
func answerError(response *http.Response, content []byte) error {
	reason := strings.TrimPrefix(response.Status, fmt.Sprintf("%d ", response.StatusCode))
	var body struct {
		Message string            `json:"message"`
		Errors  map[string]string `json:"errors"`
	}
	// A body that is not JSON adds nothing to the status line.
	if json.Unmarshal(content, &body) == nil {
		var details []string
		for name, text := range body.Errors {
			details = append(details, name+": "+strings.TrimRight(text, "\r\n"))
		}
		sort.Strings(details)
		for _, line := range strings.Split(body.Message, "\n") {
			if line != "" && !strings.HasPrefix(line, reason) {
				details = append(details, line)
			}
		}
		if len(details) > 0 {
			reason += " (" + strings.Join(details, " - ") + ")"
		}
	}
	err := &apiError{Status: response.StatusCode, Reason: reason}
	switch {
	case err.Status == http.StatusNotFound,
		err.Status == http.StatusInternalServerError && contains(reason,
			"does not exist", "no such resource", "no such ha", "No such file or directory"):
		return errors.Join(errGone, err)
	case contains(reason, "already exists"):
		return errors.Join(errTaken, err)
	}
	return err
}

func contains(text string, words ...string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// statusOf is the HTTP status that an error came from; 0 when it came from elsewhere.
func statusOf(err error) int {
	var answer *apiError
	if errors.As(err, &answer) {
		return answer.Status
	}
	return 0
}
