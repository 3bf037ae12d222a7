package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"syscall"
)

// Client calls the daemon.
type Client struct{ http *http.Client }

// BackendError is the daemon's failure, with the words for people.
type BackendError struct{ Message string }

func (e *BackendError) Error() string { return e.Message }

// NewClient calls the daemon that listens at socket.
func NewClient(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &Client{http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Status asks for the daemon's state.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	status := &Status{}
	return status, c.call(ctx, http.MethodGet, "status", nil, status)
}

// Prefs asks for the settings.
func (c *Client) Prefs(ctx context.Context) (*Prefs, error) {
	prefs := &Prefs{}
	return prefs, c.call(ctx, http.MethodGet, "prefs", nil, prefs)
}

// Start starts or restarts the device and returns once it runs. A BackendError says why it cannot.
func (c *Client) Start(ctx context.Context, options StartOptions) error {
	return c.call(ctx, http.MethodPost, "start", options, nil)
}

// Edit changes single settings.
func (c *Client) Edit(ctx context.Context, edit Edit) error {
	return c.call(ctx, http.MethodPatch, "prefs", edit, nil)
}

// Logout removes the device from the tailnet.
func (c *Client) Logout(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "logout", nil, nil)
}

func (c *Client) call(ctx context.Context, method, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://local-tailscaled.sock/localapi/v0/"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return unreachable(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		var failure Failure
		if json.Unmarshal(content, &failure) != nil || failure.Error == "" {
			return fmt.Errorf("tailscaled: %s", response.Status)
		}
		return &BackendError{Message: failure.Error}
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(content, answer)
}

// unreachable gives the words of the real command where the daemon is not there.
func unreachable(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return errors.New("failed to connect to local tailscaled; it doesn't appear to be running (sudo systemctl start tailscaled ?)")
	}
	return err
}
