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
	"strconv"
)

const (
	jsonType   = "application/json"
	hujsonType = "application/hujson"
)

// client calls Tailscale's API (https://tailscale.com/api). Nothing is tried twice.
type client struct {
	// base ends in /api/v2.
	base string
	// tailnet is the name in paths; "-" is the one that the credentials belong to.
	tailnet   string
	userAgent string
	apiKey    string
	http      *http.Client
}

// apiError is an answer outside 2xx: the body's message, then the status.
type apiError struct {
	Message string `json:"message"`
	Status  int    `json:"-"`
}

func (e *apiError) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Status) }

// statusOf is the HTTP status that an error came from; 0 when it came from elsewhere.
func statusOf(err error) int {
	var answer *apiError
	if errors.As(err, &answer) {
		return answer.Status
	}
	return 0
}

func isGone(err error) bool { return statusOf(err) == http.StatusNotFound }

// of is a path of the tailnet.
func (c *client) of(path string) string { return "tailnet/" + url.PathEscape(c.tailnet) + "/" + path }

func key(c *client, id string) string { return c.of("keys/" + url.PathEscape(id)) }

// get reads JSON.
func (c *client) get(ctx context.Context, path string, into any) error {
	return c.send(ctx, http.MethodGet, path, nil, into)
}

// send sends JSON, when there is a body, and reads JSON; a nil into discards it.
func (c *client) send(ctx context.Context, method, path string, body, into any) error {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	answer, err := c.exchange(ctx, method, path, exchange{body: content, media: jsonType})
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(answer, into)
}

// exchange is a request beyond method and path.
type exchange struct {
	// body is nil where nothing is sent; an empty one is sent.
	body []byte
	// media is the type of the body, or of the answer where there is none.
	media string
	// ifMatch is an entity tag without its quotes.
	ifMatch string
}

func (c *client) exchange(ctx context.Context, method, path string, what exchange) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+"/"+path, bytes.NewReader(what.body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", c.userAgent)
	// As tailscale.com/client/tailscale/v2 does: https://pkg.go.dev/tailscale.com/client/tailscale/v2@v2.9.0
	if what.body == nil {
		request.Header.Set("Accept", what.media)
	} else {
		request.Header.Set("Content-Type", what.media)
	}
	if what.ifMatch != "" {
		request.Header.Set("If-Match", strconv.Quote(what.ifMatch))
	}
	if c.apiKey != "" {
		request.SetBasicAuth(c.apiKey, "")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode < 200 || response.StatusCode >= 300 {
		failed := &apiError{Status: response.StatusCode}
		if err := json.Unmarshal(content, failed); err != nil {
			return nil, err
		}
		return nil, failed
	}
	return content, nil
}
