// Package control is the client's side of the lab's control protocol: JSON over HTTPS in the place of Tailscale's own.
// A device registers with an auth key, then reports itself every ten seconds and is told its settings.
package control

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Version is the release that the stand-ins speak for.
const Version = "1.102.3"

// URL is where Tailscale's clients find their control plane.
const URL = "https://controlplane.tailscale.com"

// answerTime bounds one request; an answer that takes longer counts as none.
const answerTime = 15 * time.Second

// Client calls one control plane.
type Client struct {
	// URL has no slash at its end.
	URL string
	// HTTP is used as it is; nil trusts the system's certificates.
	HTTP *http.Client
}

func (c *Client) http() *http.Client {
	if c.HTTP == nil {
		return http.DefaultClient
	}
	return c.HTTP
}

// NewNodeKey makes the identity of a device that is to be. The protocol has no use for a real key pair.
func NewNodeKey() string {
	key := make([]byte, 32)
	rand.Read(key) // never fails (crypto/rand)
	return "nodekey:" + hex.EncodeToString(key)
}

// RegisterRequest asks for membership. Without AuthKey the node key must be a known one.
type RegisterRequest struct {
	AuthKey       string `json:"authKey,omitempty"`
	NodeKey       string `json:"nodeKey,omitempty"`
	Hostname      string `json:"hostname"`
	OS            string `json:"os"`
	ClientVersion string `json:"clientVersion"`
	// Routes are in CIDR form, without those of an exit node.
	Routes   []string `json:"routes"`
	ExitNode bool     `json:"exitNode"`
}

// RegisterResponse is the device as the tailnet has it.
type RegisterResponse struct {
	NodeID    string   `json:"nodeId"`
	NodeKey   string   `json:"nodeKey"`
	DeviceID  string   `json:"deviceId"`
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
	Tags      []string `json:"tags"`
	Ephemeral bool     `json:"ephemeral"`
	// KeyExpiry is in RFC 3339; nil for a device whose key does not expire, as with tags.
	KeyExpiry *string `json:"keyExpiry"`
}

// MapRequest reports a device's settings and that it is alive.
type MapRequest struct {
	NodeKey  string   `json:"nodeKey"`
	Hostname string   `json:"hostname"`
	Routes   []string `json:"routes"`
	ExitNode bool     `json:"exitNode"`
}

// MapResponse is what a device is told.
type MapResponse struct {
	Addresses []string `json:"addresses"`
	Name      string   `json:"name"`
	// EnabledRoutes are those of the advertised that the tailnet approved and that others reach through this device;
	// 0.0.0.0/0 and ::/0 are the exit node's.
	EnabledRoutes []string `json:"enabledRoutes"`
	DNS           DNS      `json:"dns"`
	Peers         []Peer   `json:"peers"`
}

// DNS is the tailnet's resolver configuration.
type DNS struct {
	SplitDNS    map[string][]string `json:"splitDns"`
	Nameservers []string            `json:"nameservers"`
	MagicDNS    bool                `json:"magicDNS"`
	Suffix      string              `json:"suffix"`
}

// Peer is another device of the tailnet.
type Peer struct {
	Name          string   `json:"name"`
	Addresses     []string `json:"addresses"`
	Online        bool     `json:"online"`
	EnabledRoutes []string `json:"enabledRoutes"`
}

// Refusal is the control plane's no: asking again does not help.
type Refusal struct {
	Status  int
	Message string
}

func (r *Refusal) Error() string { return r.Message }

// Refused returns the refusal in err, if it is one.
func Refused(err error) (*Refusal, bool) {
	var refusal *Refusal
	return refusal, errors.As(err, &refusal)
}

// Register makes the device a member, or renews the membership of its node key.
func (c *Client) Register(ctx context.Context, request RegisterRequest) (RegisterResponse, error) {
	request.OS, request.ClientVersion = "linux", Version
	if request.Routes == nil {
		request.Routes = []string{}
	}
	var response RegisterResponse
	if err := c.post(ctx, "/machine/register", request, &response); err != nil {
		return response, err
	}
	if response.NodeKey == "" || response.NodeID == "" {
		return response, fmt.Errorf("%s/machine/register: the answer has no node key or no node id", c.URL)
	}
	return response, nil
}

// Map reports the device once.
func (c *Client) Map(ctx context.Context, request MapRequest) (MapResponse, error) {
	if request.Routes == nil {
		request.Routes = []string{}
	}
	var response MapResponse
	return response, c.post(ctx, "/machine/map", request, &response)
}

// Lets says whether the tailnet's policy lets the device with this id reach ADDRESS:PORT through the device of the node key.
func (c *Client) Lets(ctx context.Context, nodeKey, from, to string) (bool, error) {
	var response struct {
		Lets bool `json:"lets"`
	}
	err := c.post(ctx, "/machine/filter", map[string]string{"nodeKey": nodeKey, "from": from, "to": to}, &response)
	return response.Lets, err
}

// Logout removes the device from the tailnet; a device that is not there is removed already.
func (c *Client) Logout(ctx context.Context, nodeKey string) error {
	err := c.post(ctx, "/machine/logout", map[string]string{"nodeKey": nodeKey}, nil)
	if refusal, ok := Refused(err); ok && refusal.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// post never puts a body into an error: requests hold keys.
func (c *Client) post(ctx context.Context, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http().Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err != nil {
		return fmt.Errorf("%s%s: %w", c.URL, path, err)
	}
	if response.StatusCode != http.StatusOK {
		return failure(response.StatusCode, content, c.URL+path)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(content, answer); err != nil {
		return fmt.Errorf("%s%s: %w", c.URL, path, err)
	}
	return nil
}

// failure tells a refusal from a control plane that is out of order or asks for patience.
func failure(status int, content []byte, address string) error {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(content, &said) != nil || said.Message == "" {
		said.Message = http.StatusText(status)
	}
	switch status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return &Refusal{Status: status, Message: said.Message}
	}
	return fmt.Errorf("%s: %d %s", address, status, said.Message)
}
