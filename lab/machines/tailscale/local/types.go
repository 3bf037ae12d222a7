// Package local is what tailscaled and the command tailscale say to each other over the daemon's socket: a part of
// Tailscale's local API, with the fields that its status has (https://pkg.go.dev/tailscale.com/ipn/ipnstate).
package local

// Socket is where the daemon listens unless told otherwise.
const Socket = "/run/tailscale/tailscaled.sock"

// The daemon's states, with Tailscale's names.
const (
	NoState    = "NoState"
	NeedsLogin = "NeedsLogin"
	Stopped    = "Stopped"
	Starting   = "Starting"
	Running    = "Running"
)

// Prefs are the settings that `tailscale up` and `tailscale set` make.
type Prefs struct {
	WantRunning       bool
	Hostname          string
	AdvertiseTags     []string
	AdvertiseRoutes   []string
	AdvertiseExitNode bool
	// RunSSH is kept and shown; the stand-in has no SSH server.
	RunSSH bool
}

// StartOptions are the body of a start: new settings, and the key for a device that is not logged in.
type StartOptions struct {
	AuthKey string `json:",omitempty"`
	// Prefs nil keeps the settings and just starts.
	Prefs *Prefs
}

// Edit changes single settings; nil keeps one.
type Edit struct {
	WantRunning       *bool
	Hostname          *string
	AdvertiseRoutes   *[]string
	AdvertiseExitNode *bool
	RunSSH            *bool
}

// Failure is the body of an answer that is no success.
type Failure struct {
	Error string `json:"error"`
}

// Status is the daemon's state.
type Status struct {
	Version        string
	TUN            bool
	BackendState   string
	HaveNodeKey    bool
	AuthURL        string
	TailscaleIPs   []string
	Self           *Peer
	Health         []string
	MagicDNSSuffix string
	CurrentTailnet *Tailnet
	Peer           map[string]*Peer
}

// Tailnet is the network that the device is a member of.
type Tailnet struct {
	Name            string
	MagicDNSSuffix  string
	MagicDNSEnabled bool
}

// Peer is a device, this one or another.
type Peer struct {
	ID             string
	PublicKey      string
	HostName       string
	DNSName        string
	OS             string
	UserID         int64
	TailscaleIPs   []string
	AllowedIPs     []string
	Tags           []string `json:",omitempty"`
	PrimaryRoutes  []string `json:",omitempty"`
	Online         bool
	ExitNode       bool
	ExitNodeOption bool
	Active         bool
	// KeyExpiry is in RFC 3339; absent when the key does not expire.
	KeyExpiry    *string `json:",omitempty"`
	InNetworkMap bool
	InEngine     bool
}
