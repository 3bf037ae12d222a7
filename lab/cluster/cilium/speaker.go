package cilium

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/apiutil"
	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"github.com/osrg/gobgp/v4/pkg/server"
)

// session is what one BGP session is set up with; a change of it restarts the session.
type session struct {
	localASN, peerASN         uint32
	routerID, local, peer     netip.Addr
	port                      uint32
	password                  string
	multihop                  uint32
	connectRetry, hold, alive uint64
	gracefulRestart           uint32
	incomplete                bool
}

// newSession takes the values of the node config and the peer config; defaults are those of
// CiliumBGPPeerConfig's schema.
func newSession(instance bgpInstance, peer bgpPeer, config bgpPeerConfigSpec, node netip.Addr) (session, error) {
	s := session{
		localASN: uint32(instance.LocalASN), peerASN: uint32(peer.PeerASN), routerID: node, local: node,
		port: 179, multihop: 1, connectRetry: 120, hold: 90, alive: 30,
	}
	if instance.LocalASN == 0 {
		return s, fmt.Errorf("localASN is not set")
	}
	if instance.LocalPort != 0 || peer.LocalPort != 0 {
		return s, fmt.Errorf("localPort: the lab's speaker does not listen; leave it out")
	}
	if peer.AutoDiscovery != nil {
		return s, fmt.Errorf("autoDiscovery is not supported by the lab; set peerAddress")
	}
	var err error
	if s.peer, err = netip.ParseAddr(strings.TrimSpace(peer.PeerAddress)); err != nil || !s.peer.Is4() {
		return s, fmt.Errorf("peerAddress %q is not an IPv4 address", peer.PeerAddress)
	}
	if instance.RouterID != "" {
		if s.routerID, err = netip.ParseAddr(instance.RouterID); err != nil {
			return s, fmt.Errorf("routerID: %w", err)
		}
	}
	if peer.LocalAddress != "" {
		if s.local, err = netip.ParseAddr(peer.LocalAddress); err != nil {
			return s, fmt.Errorf("localAddress: %w", err)
		}
	}
	if config.EBGPMultihop > 0 {
		s.multihop = uint32(config.EBGPMultihop)
	}
	if t := config.Timers; t != nil {
		override(&s.connectRetry, t.ConnectRetryTimeSeconds)
		override(&s.hold, t.HoldTimeSeconds)
		override(&s.alive, t.KeepAliveTimeSeconds)
	}
	if g := config.GracefulRestart; g != nil && g.Enabled {
		s.gracefulRestart = 120
		if g.RestartTimeSeconds > 0 {
			s.gracefulRestart = uint32(g.RestartTimeSeconds)
		}
	}
	if config.Transport != nil && config.Transport.PeerPort > 0 {
		s.port = uint32(config.Transport.PeerPort)
	}
	return s, nil
}

func override(value *uint64, given int32) {
	if given > 0 {
		*value = uint64(given)
	}
}

// speaker is one BGP session with its routes. Each session has a BGP server of its own, since what
// is announced is chosen per peer.
type speaker struct {
	session session
	server  *server.BgpServer
	routes  map[netip.Prefix]attributes
}

// startSpeaker connects to the peer and keeps trying; changed is called whenever the session's state
// changes.
func startSpeaker(ctx context.Context, s session, changed func()) (*speaker, error) {
	silent := slog.New(slog.NewTextHandler(io.Discard, nil))
	bgpServer := server.NewBgpServer(server.LoggerOption(silent, new(slog.LevelVar)))
	go bgpServer.Serve()
	started := &speaker{session: s, server: bgpServer, routes: map[netip.Prefix]attributes{}}
	err := bgpServer.StartBgp(ctx, &api.StartBgpRequest{Global: &api.Global{
		Asn: s.localASN, RouterId: s.routerID.String(), ListenPort: -1,
	}})
	if err == nil {
		err = bgpServer.WatchEvent(ctx, server.WatchEventMessageCallbacks{
			OnPeerUpdate: func(*apiutil.WatchEventMessage_PeerEvent, time.Time) { changed() },
		}, server.WatchPeer())
	}
	if err == nil {
		err = bgpServer.AddPeer(ctx, &api.AddPeerRequest{Peer: s.neighbour()})
	}
	if err != nil {
		bgpServer.Stop()
		return nil, err
	}
	return started, nil
}

func (s session) neighbour() *api.Peer {
	family := &api.AfiSafi{
		Config: &api.AfiSafiConfig{Family: &api.Family{Afi: api.Family_AFI_IP, Safi: api.Family_SAFI_UNICAST}, Enabled: true},
	}
	peer := &api.Peer{
		Conf: &api.PeerConf{
			NeighborAddress: s.peer.String(), PeerAsn: s.peerASN, LocalAsn: s.localASN, AuthPassword: s.password,
		},
		Timers: &api.Timers{Config: &api.TimersConfig{
			ConnectRetry: s.connectRetry, HoldTime: s.hold, KeepaliveInterval: s.alive, IdleHoldTimeAfterReset: 5,
		}},
		Transport: &api.Transport{LocalAddress: s.local.String(), RemotePort: s.port},
		AfiSafis:  []*api.AfiSafi{family},
	}
	if s.localASN != s.peerASN && s.multihop > 1 {
		peer.EbgpMultihop = &api.EbgpMultihop{Enabled: true, MultihopTtl: s.multihop}
	}
	if s.gracefulRestart > 0 {
		peer.GracefulRestart = &api.GracefulRestart{Enabled: true, RestartTime: s.gracefulRestart, NotificationEnabled: true}
		family.MpGracefulRestart = &api.MpGracefulRestart{Config: &api.MpGracefulRestartConfig{Enabled: true}}
	}
	return peer
}

// announce makes the announced routes those of wanted.
func (s *speaker) announce(wanted map[netip.Prefix]attributes) error {
	for prefix, extra := range s.routes {
		if kept, ok := wanted[prefix]; ok && reflect.DeepEqual(kept, extra) {
			continue
		}
		path, err := s.session.path(prefix, extra)
		if err != nil {
			return err
		}
		if err := s.server.DeletePath(apiutil.DeletePathRequest{Paths: []*apiutil.Path{path}}); err != nil {
			return fmt.Errorf("cannot withdraw %s: %w", prefix, err)
		}
		delete(s.routes, prefix)
	}
	for _, prefix := range slices.SortedFunc(maps.Keys(wanted), byAddress) {
		if _, ok := s.routes[prefix]; ok {
			continue
		}
		path, err := s.session.path(prefix, wanted[prefix])
		if err != nil {
			return err
		}
		if _, err := s.server.AddPath(apiutil.AddPathRequest{Paths: []*apiutil.Path{path}}); err != nil {
			return fmt.Errorf("cannot announce %s: %w", prefix, err)
		}
		s.routes[prefix] = wanted[prefix]
	}
	return nil
}

func byAddress(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

// path is a route with this node as next hop.
func (s session) path(prefix netip.Prefix, extra attributes) (*apiutil.Path, error) {
	nlri, err := bgp.NewIPAddrPrefix(prefix)
	if err != nil {
		return nil, err
	}
	hop, err := bgp.NewPathAttributeNextHop(s.local)
	if err != nil {
		return nil, err
	}
	origin := uint8(bgp.BGP_ORIGIN_ATTR_TYPE_IGP)
	if s.incomplete {
		origin = bgp.BGP_ORIGIN_ATTR_TYPE_INCOMPLETE
	}
	attrs := []bgp.PathAttributeInterface{bgp.NewPathAttributeOrigin(origin), hop}
	if len(extra.communities) > 0 {
		attrs = append(attrs, bgp.NewPathAttributeCommunities(extra.communities))
	}
	if len(extra.large) > 0 {
		var values []*bgp.LargeCommunity
		for _, text := range extra.large {
			value, err := bgp.ParseLargeCommunity(text)
			if err != nil {
				return nil, err
			}
			values = append(values, value)
		}
		attrs = append(attrs, bgp.NewPathAttributeLargeCommunities(values))
	}
	if extra.localPreference != nil && s.localASN == s.peerASN {
		attrs = append(attrs, bgp.NewPathAttributeLocalPref(uint32(*extra.localPreference)))
	}
	return &apiutil.Path{Family: bgp.RF_IPv4_UC, Nlri: nlri, Attrs: attrs}, nil
}

// state reads the session as CiliumBGPNodeConfig's status shows it.
func (s *speaker) state(ctx context.Context) (status bgpPeerStatus, err error) {
	status.PeeringState = "idle"
	err = s.server.ListPeer(ctx, &api.ListPeerRequest{EnableAdvertised: true}, func(peer *api.Peer) {
		name := strings.TrimPrefix(peer.GetState().GetSessionState().String(), "SESSION_STATE_")
		status.PeeringState = strings.ToLower(name)
		if status.PeeringState != "established" {
			return
		}
		timers := peer.GetTimers()
		status.EstablishedTime = timers.GetState().GetUptime().AsTime().UTC().Format(time.RFC3339)
		status.Timers = &bgpTimerStatus{
			AppliedHoldTimeSeconds:  int64(timers.GetState().GetNegotiatedHoldTime()),
			AppliedKeepaliveSeconds: int64(timers.GetState().GetKeepaliveInterval()),
		}
		for _, family := range peer.GetAfiSafis() {
			status.RouteCount = append(status.RouteCount, bgpRouteCount{
				AFI: "ipv4", SAFI: "unicast",
				Received: int64(family.GetState().GetReceived()), Advertised: int64(family.GetState().GetAdvertised()),
			})
		}
	})
	return status, err
}

// stop ends the session. For a restart it does not say goodbye to a peer with graceful restart, so
// that the peer keeps the routes for the restart time (RFC 4724).
func (s *speaker) stop(restart bool) error {
	return s.server.StopBgp(context.Background(), &api.StopBgpRequest{AllowGracefulRestart: restart})
}
