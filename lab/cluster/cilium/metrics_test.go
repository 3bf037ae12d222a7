package cilium

import (
	"strings"
	"testing"
)

func TestAnAgentTellsOfItsSessions(t *testing.T) {
	a := &agent{}
	if text := a.metrics(); strings.Contains(text, "{") {
		t.Fatalf("without a session it tells of\n%s", text)
	}
	a.sessions.Store(&bgpNodeConfigStatus{BGPInstances: []bgpInstanceStatus{{LocalASN: 64512, Peers: []bgpPeerStatus{
		{PeerAddress: "10.0.0.1", PeerASN: 64513, PeeringState: "established"},
		{PeerAddress: "10.0.0.2", PeerASN: 64513, PeeringState: "active"},
	}}}})
	text := a.metrics()
	for _, line := range []string{
		`cilium_bgp_control_plane_session_state{vrouter="64512",neighbor="10.0.0.1:179",neighbor_asn="64513"} 1`,
		`cilium_bgp_control_plane_session_state{vrouter="64512",neighbor="10.0.0.2:179",neighbor_asn="64513"} 0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%s is not in\n%s", line, text)
		}
	}
}
