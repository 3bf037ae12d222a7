package supervisor

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/etcd"
	"homelab/lab/cluster/rke2/token"
)

const (
	requestTimeout = 10 * time.Second
	// CA certificates are public; their integrity is the token's hash.
	maxAnswer = 4 << 20
)

// Client is a joining node's view of a server.
type Client struct {
	// CA is the cluster's CA bundle as the server presented it.
	CA                                      []byte
	base, user, password                    string
	nodeName, nodePassword, nodeIP, version string
	role                                    string
	http                                    *http.Client
}

// Identity is what a joining node says of itself. Role is server or agent.
type Identity struct{ NodeName, NodePassword, NodeIP, Version, Role string }

// Connect fetches the CA of the server at base (https://host:9345) and checks it against the
// token. The password is checked by the first call that needs it.
func Connect(ctx context.Context, base, rawToken string, who Identity, log *slog.Logger) (*Client, error) {
	parsed, err := token.Parse(rawToken)
	if err != nil {
		return nil, err
	}
	user := parsed.User
	if who.Role == "server" {
		user = "server"
	} else if user == "" {
		user = "node"
	}
	c := &Client{
		base: base, user: user, password: parsed.Password, nodeName: who.NodeName,
		nodePassword: who.NodePassword, nodeIP: who.NodeIP, version: who.Version, role: who.Role,
	}
	// Nothing can vouch for the first answer but the token's hash of it.
	c.http = client(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	if c.CA, err = c.call(ctx, http.MethodGet, "/cacerts", nil, false); err != nil {
		return nil, fmt.Errorf("failed to get CA certs: %w", err)
	}
	if err := parsed.CheckCA(c.CA); err != nil {
		return nil, err
	}
	if parsed.CAHash == "" {
		log.Warn("Cluster CA certificate is not trusted by the host CA bundle, but the token does not include a CA hash. " +
			"Use the full token from the server's node-token file to enable Cluster CA validation.")
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(c.CA) {
		return nil, fmt.Errorf("CA cert validation failed: %s/cacerts holds no certificate", base)
	}
	c.http = client(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	if _, err := c.call(ctx, http.MethodGet, "/ping", nil, false); err != nil {
		return nil, fmt.Errorf("CA cert validation failed: %w", err)
	}
	return c, nil
}

func client(config *tls.Config) *http.Client {
	return &http.Client{
		Timeout:   requestTimeout,
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
	}
}

// StatusError is an answer other than 2xx.
type StatusError struct {
	URL, Status, Text string
	Code              int
}

func (e *StatusError) Error() string {
	if e.Text != "" && e.Text != "Unauthorized" {
		return fmt.Sprintf("%s: %s: %s", e.URL, e.Status, e.Text)
	}
	return e.URL + ": " + e.Status
}

func (c *Client) call(ctx context.Context, method, path string, body []byte, authenticate bool) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if authenticate {
		request.SetBasicAuth(c.user, c.password)
		request.Header.Set(nodeNameHeader, c.nodeName)
		request.Header.Set(nodePasswordHeader, c.nodePassword)
		request.Header.Set(nodeIPHeader, c.nodeIP)
		request.Header.Set(versionHeader, c.version)
		request.Header.Set("rke2-Role", c.role)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusOK {
		return content, nil
	}
	failed := &StatusError{c.base + path, response.Status, strings.TrimSpace(string(content)), response.StatusCode}
	if failed.Code == http.StatusUnauthorized {
		return nil, fmt.Errorf("token is not valid: %w", failed)
	}
	return nil, failed
}

// Settings asks for the cluster's.
func (c *Client) Settings(ctx context.Context) (Settings, error) {
	var s Settings
	return s, c.get(ctx, "/v1-rke2/config", &s)
}

// Bootstrap asks for the files that all servers share, for certs.Unpack.
func (c *Client) Bootstrap(ctx context.Context) ([]byte, error) {
	return c.call(ctx, http.MethodGet, "/v1-rke2/server-bootstrap", nil, true)
}

// Members asks for etcd's.
func (c *Client) Members(ctx context.Context) ([]etcd.Peer, error) {
	var peers []etcd.Peer
	return peers, c.get(ctx, "/db/info", &peers)
}

// APIServers asks for the servers' addresses, without ports.
func (c *Client) APIServers(ctx context.Context) ([]string, error) {
	var hosts []string
	return hosts, c.get(ctx, "/v1-rke2/apiservers", &hosts)
}

// ClientCA asks for the authority of client certificates.
func (c *Client) ClientCA(ctx context.Context) ([]byte, error) {
	return c.call(ctx, http.MethodGet, "/v1-rke2/client-ca.crt", nil, true)
}

// Certificate has the key at <path>.key (made if missing) signed for this node and writes
// <path>.crt. kind is client-kubelet, serving-kubelet or client-rke2-controller.
func (c *Client) Certificate(ctx context.Context, kind, path string) error {
	request, err := certs.NewRequest(path)
	if err != nil {
		return err
	}
	signed, err := c.call(ctx, http.MethodPost, "/v1-rke2/"+kind+".crt", request, true)
	if err != nil {
		return err
	}
	return certs.Write(path+".crt", signed, 0o644)
}

func (c *Client) get(ctx context.Context, path string, into any) error {
	content, err := c.call(ctx, http.MethodGet, path, nil, true)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, into); err != nil {
		return fmt.Errorf("%s%s: %w", c.base, path, err)
	}
	return nil
}
