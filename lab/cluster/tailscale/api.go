package tailscale

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// apiURL is Tailscale's API (https://tailscale.com/api).
const apiURL = "https://api.tailscale.com"

// answerTime bounds one call of the API.
const answerTime = 15 * time.Second

// api calls Tailscale's API as an OAuth client; tokens are fetched and renewed as needed. Errors hold the API's words
// and never a credential.
type api struct {
	base string
	http *http.Client
}

func newAPI(base, id, secret string) *api {
	client := &http.Client{Timeout: answerTime}
	config := clientcredentials.Config{
		ClientID: id, ClientSecret: secret, TokenURL: base + "/api/v2/oauth/token", AuthStyle: oauth2.AuthStyleInHeader,
	}
	// The context only carries the client that fetches tokens; each request has its own to end it.
	return &api{base: base, http: config.Client(context.WithValue(context.Background(), oauth2.HTTPClient, client))}
}

// mintKey makes an auth key for one device with the tags.
func (a *api) mintKey(ctx context.Context, tags []string) (string, error) {
	create := map[string]any{"reusable": false, "ephemeral": false, "preauthorized": true, "tags": tags}
	body := map[string]any{"capabilities": map[string]any{"devices": map[string]any{"create": create}}}
	var answer struct {
		Key string `json:"key"`
	}
	if err := a.call(ctx, http.MethodPost, "/api/v2/tailnet/-/keys", body, &answer); err != nil {
		return "", err
	}
	if answer.Key == "" {
		return "", errors.New("the API's answer holds no key")
	}
	return answer.Key, nil
}

// deleteDevice removes a device by its node id; one that is gone is fine.
func (a *api) deleteDevice(ctx context.Context, nodeID string) error {
	err := a.call(ctx, http.MethodDelete, "/api/v2/device/"+url.PathEscape(nodeID), nil, nil)
	var failure *apiError
	if errors.As(err, &failure) && failure.status == http.StatusNotFound {
		return nil
	}
	return err
}

// apiError is an answer of the API that is no success.
type apiError struct {
	status  int
	message string
}

func (e *apiError) Error() string { return fmt.Sprintf("%s (%d)", e.message, e.status) }

func (a *api) call(ctx context.Context, method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, a.base+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := a.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		failure := &apiError{status: response.StatusCode, message: http.StatusText(response.StatusCode)}
		var said struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(text, &said) == nil && said.Message != "" {
			failure.message = said.Message
		}
		return failure
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}
