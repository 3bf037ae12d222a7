package control

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Relay opens a stream to the device with the address, by way of the control plane: in the place of WireGuard, and of the DERP
// servers that pass it on where there is no direct way. Whoever opens one has 5 s until the other takes it.
func (c *Client) Relay(ctx context.Context, nodeKey, address string) (io.ReadWriteCloser, error) {
	ctx, cancel := context.WithCancel(ctx)
	waited := time.AfterFunc(5*time.Second, cancel)
	defer waited.Stop() // What is open outlives the wait.
	return c.upgrade(ctx, nodeKey, "/machine/relay/"+address)
}

// Relayed waits for a device that opens a stream to this one, until ctx ends.
func (c *Client) Relayed(ctx context.Context, nodeKey string) (io.ReadWriteCloser, error) {
	return c.upgrade(ctx, nodeKey, "/machine/relay")
}

func (c *Client) upgrade(ctx context.Context, nodeKey, path string) (io.ReadWriteCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", "tailnet")
	request.Header.Set("Node-Key", nodeKey)
	response, err := c.http().Do(request)
	if err != nil {
		return nil, err
	}
	stream, ok := response.Body.(io.ReadWriteCloser)
	if response.StatusCode != http.StatusSwitchingProtocols || !ok {
		_ = response.Body.Close() // Nothing of it is read.
		return nil, fmt.Errorf("%s%s: %s", c.URL, path, response.Status)
	}
	return stream, nil
}
