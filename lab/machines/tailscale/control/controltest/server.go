// Package controltest is a tailnet for tests: the control protocol, and the calls of Tailscale's API that the operator
// makes, on loopback.
package controltest

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"homelab/lab/machines/tailscale/control"
)

// Device is a member of the tailnet.
type Device struct {
	control.RegisterResponse
	Hostname string
	Routes   []string
	ExitNode bool
	// Reports counts the heartbeats.
	Reports int
}

// Tailnet is the server and what it holds.
type Tailnet struct {
	*httptest.Server
	mu      sync.Mutex
	keys    map[string][]string
	devices []*Device
	serial  int
	// down answers everything with 503; lose does the next call's work and answers so; forbidden is a tag that no key
	// may have.
	down, lose bool
	forbidden  string
	// letting has what the policy lets through: DEVICE ADDRESS:PORT.
	letting []string
	// meetings are where the ends of a relay come together, by the node id of the device that is asked for.
	meetings map[string]chan net.Conn
}

// New starts a tailnet that ends with the test.
func New(t *testing.T) *Tailnet {
	t.Helper()
	n := &Tailnet{keys: map[string][]string{}, meetings: map[string]chan net.Conn{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /machine/register", locked(n, n.register))
	mux.HandleFunc("POST /machine/map", locked(n, n.report))
	mux.HandleFunc("POST /machine/filter", locked(n, func(r struct{ NodeKey, From, To string }) (any, int) {
		if n.find(r.NodeKey) == nil {
			return refusal("node not found"), http.StatusNotFound
		}
		return map[string]bool{"lets": slices.Contains(n.letting, r.From+" "+r.To)}, http.StatusOK
	}))
	mux.HandleFunc("POST /machine/logout", locked(n, func(r control.MapRequest) (any, int) {
		n.devices = slices.DeleteFunc(n.devices, func(d *Device) bool { return d.NodeKey == r.NodeKey })
		return map[string]any{}, http.StatusOK
	}))
	mux.HandleFunc("GET /machine/relay", n.relay)
	mux.HandleFunc("GET /machine/relay/{address}", n.relay)
	mux.HandleFunc("POST /api/v2/oauth/token", n.token)
	mux.HandleFunc("POST /api/v2/tailnet/-/keys", locked(n, n.mint))
	mux.HandleFunc("DELETE /api/v2/device/{id}", func(w http.ResponseWriter, r *http.Request) {
		if n.isDown() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		n.Remove(r.PathValue("id"))
		w.WriteHeader(http.StatusOK)
	})
	n.Server = httptest.NewServer(mux)
	t.Cleanup(n.Close)
	return n
}

// Key adds a single-use auth key.
func (n *Tailnet) Key(tags ...string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.serial++
	key := fmt.Sprintf("tskey-auth-test%d-secret", n.serial)
	n.keys[key] = tags
	return key
}

// Devices returns the members as they are now.
func (n *Tailnet) Devices() []Device {
	n.mu.Lock()
	defer n.mu.Unlock()
	var devices []Device
	for _, device := range n.devices {
		devices = append(devices, *device)
	}
	return devices
}

// Remove deletes a member by its node id, as an administrator does.
func (n *Tailnet) Remove(nodeID string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.devices = slices.DeleteFunc(n.devices, func(d *Device) bool { return d.NodeID == nodeID })
}

// SetDown makes everything answer 503, or work again.
func (n *Tailnet) SetDown(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
}

// Lose makes the next call work, and its answer be lost.
func (n *Tailnet) Lose() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lose = true
}

// Forbid makes keys with the tag impossible.
func (n *Tailnet) Forbid(tag string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forbidden = tag
}

// Let makes the policy let a device, by its id, reach ADDRESS:PORT.
func (n *Tailnet) Let(device, to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.letting = append(n.letting, device+" "+to)
}

func (n *Tailnet) isDown() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.down
}

func refusal(message string) any { return map[string]string{"message": message} }

func locked[T any](n *Tailnet, work func(T) (any, int)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var request T
		answer, status := refusal("bad request"), http.StatusBadRequest
		if err := json.NewDecoder(r.Body).Decode(&request); err == nil {
			n.mu.Lock()
			if n.down {
				answer, status = refusal("out of order"), http.StatusServiceUnavailable
			} else {
				answer, status = work(request)
			}
			if n.lose {
				answer, status, n.lose = refusal("lost"), http.StatusBadGateway, false
			}
			n.mu.Unlock()
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func (n *Tailnet) find(nodeKey string) *Device {
	for _, device := range n.devices {
		if nodeKey != "" && device.NodeKey == nodeKey {
			return device
		}
	}
	return nil
}

func (n *Tailnet) register(r control.RegisterRequest) (any, int) {
	device := n.find(r.NodeKey)
	if device == nil {
		tags, ok := n.keys[r.AuthKey]
		if !ok {
			return refusal("invalid key: API key test not valid"), http.StatusUnauthorized
		}
		delete(n.keys, r.AuthKey)
		n.serial++
		if r.NodeKey == "" {
			r.NodeKey = fmt.Sprintf("nodekey:%d", n.serial)
		}
		device = &Device{RegisterResponse: control.RegisterResponse{
			NodeID: fmt.Sprintf("n%dCNTRL", n.serial), NodeKey: r.NodeKey, DeviceID: fmt.Sprint(n.serial),
			Name:      r.Hostname + ".example.ts.net",
			Addresses: []string{fmt.Sprintf("100.64.0.%d", n.serial), fmt.Sprintf("fd7a:115c:a1e0::%d", n.serial)}, Tags: tags,
		}}
		n.devices = append(n.devices, device)
	}
	device.Hostname, device.Routes, device.ExitNode = r.Hostname, r.Routes, r.ExitNode
	return device.RegisterResponse, http.StatusOK
}

func (n *Tailnet) report(r control.MapRequest) (any, int) {
	device := n.find(r.NodeKey)
	if device == nil {
		return refusal("node not found"), http.StatusNotFound
	}
	device.Hostname, device.Routes, device.ExitNode = r.Hostname, r.Routes, r.ExitNode
	device.Reports++
	enabled := device.Routes
	if device.ExitNode {
		enabled = append(slices.Clone(enabled), control.ExitRoutes...)
	}
	return control.MapResponse{
		Addresses: device.Addresses, Name: device.Name, EnabledRoutes: enabled,
		DNS: control.DNS{MagicDNS: true, Suffix: "example.ts.net"}, Peers: []control.Peer{},
	}, http.StatusOK
}

func (n *Tailnet) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case n.isDown():
		w.WriteHeader(http.StatusServiceUnavailable)
	case id != "client" || secret != "client-secret":
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(refusal("API token invalid"))
	default:
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "token", "token_type": "Bearer", "expires_in": 3600})
	}
}

func (n *Tailnet) mint(r struct {
	Capabilities struct {
		Devices struct {
			Create struct{ Tags []string }
		}
	}
}) (any, int) {
	tags := r.Capabilities.Devices.Create.Tags
	if n.forbidden != "" && slices.Contains(tags, n.forbidden) {
		return refusal(fmt.Sprintf("requested tags [%s] are invalid or not permitted", strings.Join(tags, " "))), http.StatusBadRequest
	}
	n.serial++
	key := fmt.Sprintf("tskey-auth-test%d-secret", n.serial)
	n.keys[key] = tags
	return map[string]string{"id": fmt.Sprintf("k%d", n.serial), "key": key}, http.StatusOK
}
