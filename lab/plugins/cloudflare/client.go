package cloudflare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"

	"homelab/lab/plugins/provider"
)

const (
	// attempts is how often a request is made in all, whatever its method.
	attempts = 11
	jsonType = "application/json"
)

// client calls Cloudflare's API (https://developers.cloudflare.com/api/).
type client struct {
	// base is the URL that paths are appended to, with a closing slash.
	base  string
	token *string
	http  *http.Client
}

// apiError is an answer of 400 and more. Its text shows the answer's body, never the request's.
type apiError struct {
	Method, URL string
	Status      int
	Body        string
}

func (e *apiError) Error() string {
	text := fmt.Sprintf("%s %q: %d %s", e.Method, e.URL, e.Status, http.StatusText(e.Status))
	if e.Body != "" {
		text += " " + e.Body
	}
	return text
}

func isGone(err error) bool {
	var answer *apiError
	return errors.As(err, &answer) && answer.Status == http.StatusNotFound
}

// send makes a call and returns the answer's body and media type. Only the status tells success.
func (c *client) send(ctx context.Context, method, path string, body any) ([]byte, string, error) {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return nil, "", err
		}
	}
	for try := range attempts {
		response, answer, err := c.once(ctx, method, path, content, try)
		if ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		if try < attempts-1 && again(response, err) {
			if err := provider.Pause(ctx, wait(try, response)); err != nil {
				return nil, "", err
			}
			continue
		}
		if err != nil {
			return nil, "", err
		}
		if response.StatusCode >= http.StatusBadRequest {
			failed := &apiError{Method: method, URL: c.base + path, Status: response.StatusCode}
			if json.Valid(answer) {
				failed.Body = string(bytes.TrimSpace(answer))
			}
			return nil, "", failed
		}
		media, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
		if err != nil {
			// An answer without a readable media type is of none.
			media = ""
		}
		return answer, media, nil
	}
	panic("unreachable: the last attempt returns")
}

func (c *client) once(
	ctx context.Context, method, path string, content []byte, try int,
) (*http.Response, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(content))
	if err != nil {
		return nil, nil, err
	}
	if c.token != nil {
		request.Header.Set("Authorization", "Bearer "+*c.token)
	}
	request.Header.Set("Accept", jsonType)
	if content != nil {
		request.Header.Set("Content-Type", jsonType)
	}
	request.Header.Set("User-Agent", "terraform-provider-cloudflare/5.19.0 terraform-plugin-framework")
	request.Header.Set("X-Stainless-Retry-Count", strconv.Itoa(try))
	response, err := c.http.Do(request)
	if err != nil {
		return nil, nil, err
	}
	answer, err := io.ReadAll(response.Body)
	return response, answer, errors.Join(err, response.Body.Close())
}

// result makes a call and reads `result` of its answer; an answer without a usable one reads as empty.
func (c *client) result(
	ctx context.Context, method, path string, body any,
) (map[string]any, error) {
	answer, _, err := c.send(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	var envelope struct {
		Result map[string]any `json:"result"`
	}
	if err := json.Unmarshal(answer, &envelope); err != nil {
		return map[string]any{}, nil //nolint:nilerr // as the official plugin: a 2xx is success
	}
	return envelope.Result, nil
}

// read makes a call whose answer must say that it is JSON, as DELETE and lists are read.
func (c *client) read(ctx context.Context, method, path string, into any) error {
	answer, media, err := c.send(ctx, method, path, nil)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(answer)) == 0 {
		return errors.New("error parsing response json: EOF")
	}
	if media != jsonType {
		return fmt.Errorf("expected destination type of 'string' or '[]byte' for responses with "+
			"content-type that is not 'application/json', but got %q", media)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("error parsing response json: %w", err)
	}
	return nil
}
