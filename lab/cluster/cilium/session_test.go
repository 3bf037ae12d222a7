package cilium

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/osrg/gobgp/v4/api"
	"github.com/osrg/gobgp/v4/pkg/apiutil"
	"github.com/osrg/gobgp/v4/pkg/packet/bgp"
	"github.com/osrg/gobgp/v4/pkg/server"
)

// router is a passive BGP speaker on loopback that waits for AS 64512.
func router(t *testing.T) (*server.BgpServer, uint32) {
	t.Helper()
	return guardedRouter(t, "")
}

// guardedRouter is a router that asks for a password.
func guardedRouter(t *testing.T, password string) (*server.BgpServer, uint32) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := net.SplitHostPort(free.Addr().String())
	port, _ := strconv.Atoi(text)
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	peer := server.NewBgpServer()
	go peer.Serve()
	t.Cleanup(peer.Stop)
	ctx := context.Background()
	if err := peer.StartBgp(ctx, &api.StartBgpRequest{Global: &api.Global{
		Asn: 64513, RouterId: "10.0.0.1", ListenPort: int32(port), ListenAddresses: []string{"127.0.0.1"},
	}}); err != nil {
		t.Fatal(err)
	}
	if err := peer.AddPeer(ctx, &api.AddPeerRequest{Peer: &api.Peer{
		Conf:      &api.PeerConf{NeighborAddress: "127.0.0.2", PeerAsn: 64512, AuthPassword: password},
		Transport: &api.Transport{PassiveMode: true},
	}}); err != nil {
		t.Fatal(err)
	}
	return peer, uint32(port)
}

func TestSpeakerAnnouncesAndWithdraws(t *testing.T) {
	peer, port := router(t)
	s, err := newSession(bgpInstance{LocalASN: 64512}, bgpPeer{PeerASN: 64513, PeerAddress: "127.0.0.1"},
		bgpPeerConfigSpec{EBGPMultihop: 4}, netip.MustParseAddr("127.0.0.2"))
	if err != nil {
		t.Fatal(err)
	}
	s.port, s.connectRetry = port, 1
	changed := make(chan struct{}, 64)
	speaker, err := startSpeaker(t.Context(), s, func() { changed <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := speaker.stop(false); err != nil {
			t.Error(err)
		}
	})
	pods, service := netip.MustParsePrefix("10.42.1.0/24"), netip.MustParsePrefix("10.96.0.1/32")
	if err := speaker.announce(map[netip.Prefix]attributes{pods: {}, service: {communities: []uint32{64512<<16 | 7}}}); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(20 * time.Second)
	for status := (bgpPeerStatus{}); status.PeeringState != "established"; {
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("the session is %s", status.PeeringState)
		}
		if status, err = speaker.state(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	awaitRoutes(t, peer, 2)
	if err := speaker.announce(map[netip.Prefix]attributes{pods: {}}); err != nil {
		t.Fatal(err)
	}
	awaitRoutes(t, peer, 1)
}

// awaitRoutes waits until the peer has the given number of routes.
func awaitRoutes(t *testing.T, peer *server.BgpServer, want int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for got := -1; got != want; time.Sleep(20 * time.Millisecond) {
		if got = 0; time.Now().After(deadline) {
			t.Fatalf("the peer has %d routes, not %d", got, want)
		}
		err := peer.ListPath(apiutil.ListPathRequest{TableType: api.TableType_TABLE_TYPE_GLOBAL, Family: bgp.RF_IPv4_UC},
			func(bgp.NLRI, []*apiutil.Path) { got++ })
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSessionsThatTheLabCannotHaveAreRefused(t *testing.T) {
	node := netip.MustParseAddr("192.168.1.21")
	for name, peer := range map[string]bgpPeer{
		"no address":     {PeerASN: 1},
		"IPv6":           {PeerASN: 1, PeerAddress: "fd00::1"},
		"auto discovery": {PeerASN: 1, PeerAddress: "10.0.0.1", AutoDiscovery: &autoDiscovery{"DefaultGateway"}},
	} {
		if _, err := newSession(bgpInstance{LocalASN: 64512}, peer, bgpPeerConfigSpec{}, node); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestSessionsNeedThePasswordOfThePeer(t *testing.T) {
	for given, established := range map[string]bool{"swordfish": true, "sharks": false, "": false} {
		peer, port := guardedRouter(t, "swordfish")
		s, err := newSession(bgpInstance{LocalASN: 64512}, bgpPeer{PeerASN: 64513, PeerAddress: "127.0.0.1"},
			bgpPeerConfigSpec{EBGPMultihop: 4}, netip.MustParseAddr("127.0.0.2"))
		if err != nil {
			t.Fatal(err)
		}
		s.port, s.connectRetry, s.password = port, 1, given
		changed := make(chan struct{}, 64)
		speaker, err := startSpeaker(t.Context(), s, func() { changed <- struct{}{} })
		if err != nil {
			t.Fatal(err)
		}
		deadline := time.After(20 * time.Second)
		if !established {
			deadline = time.After(3 * time.Second)
		}
		state := ""
		for ended := false; state != "established" && !ended; {
			select {
			case <-changed:
			case <-deadline:
				ended = true
			}
			status, err := speaker.state(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			state = status.PeeringState
		}
		if (state == "established") != established {
			t.Errorf("with the password %q the session is %s", given, state)
		}
		if err := speaker.stop(false); err != nil {
			t.Error(err)
		}
		peer.Stop()
	}
}
