package daemon

import (
	"slices"
	"strings"
	"time"

	"homelab/lab/machines/tailscale/control"
	"homelab/lab/machines/tailscale/local"
)

// onlineFor is how long a device counts as online after its last report.
const onlineFor = 30 * time.Second

func (b *backend) prefs() local.Prefs {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.saved.Prefs
}

// status is what `tailscale status --json` shows.
func (b *backend) status() local.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	member := b.saved.Node
	status := local.Status{
		Version: control.Version, BackendState: b.state, HaveNodeKey: member != nil, Health: []string{},
		TailscaleIPs: []string{}, MagicDNSSuffix: b.last.DNS.Suffix, Peer: map[string]*local.Peer{},
		Self: &local.Peer{HostName: hostname(b.saved.Prefs), OS: "linux", TailscaleIPs: []string{}, AllowedIPs: []string{}},
	}
	if b.failure != "" {
		status.Health = append(status.Health, b.failure)
	}
	if member == nil {
		return status
	}
	self := status.Self
	self.ID, self.DNSName, self.Tags, self.KeyExpiry = member.NodeID, dotted(member.Name), member.Tags, member.KeyExpiry
	self.TailscaleIPs, self.AllowedIPs = member.Addresses, hostRoutes(member.Addresses)
	self.PrimaryRoutes = b.last.EnabledRoutes
	self.ExitNodeOption = slices.Contains(b.last.EnabledRoutes, control.ExitRoutes[0])
	self.InNetworkMap = true
	if b.state == local.Running {
		status.TailscaleIPs = member.Addresses
		self.Online = time.Since(b.seen) < onlineFor
		status.CurrentTailnet = &local.Tailnet{
			Name: b.last.DNS.Suffix, MagicDNSSuffix: b.last.DNS.Suffix, MagicDNSEnabled: b.last.DNS.MagicDNS,
		}
	}
	for _, peer := range b.last.Peers {
		name, _, _ := strings.Cut(peer.Name, ".")
		status.Peer[peer.Name] = &local.Peer{
			HostName: name, DNSName: dotted(peer.Name), OS: "linux", TailscaleIPs: peer.Addresses,
			AllowedIPs: append(hostRoutes(peer.Addresses), peer.EnabledRoutes...), PrimaryRoutes: peer.EnabledRoutes,
			ExitNodeOption: slices.Contains(peer.EnabledRoutes, control.ExitRoutes[0]), Online: peer.Online, InNetworkMap: true,
		}
	}
	return status
}

func dotted(name string) string { return strings.TrimSuffix(name, ".") + "." }

func hostRoutes(addresses []string) []string {
	routes := []string{}
	for _, address := range addresses {
		if strings.Contains(address, ":") {
			routes = append(routes, address+"/128")
		} else {
			routes = append(routes, address+"/32")
		}
	}
	return routes
}
