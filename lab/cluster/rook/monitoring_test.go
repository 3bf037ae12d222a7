package rook

import (
	"strings"
	"testing"
	"time"
)

func TestAManagerTellsOfHealthMonitorsAndDisks(t *testing.T) {
	state := &State{
		Monitors: 3, MonitorsUp: 2, Muted: map[string]bool{"MON_DOWN": true},
		OSDs: map[int]*OSD{0: {Bytes: 1000, Up: true, In: true}, 1: {Bytes: 500, In: true, Since: time.Now()}},
	}
	text := state.metrics(time.Now())
	for _, line := range []string{
		"ceph_health_status 1", `ceph_health_detail{name="OSD_DOWN",severity="HEALTH_WARN"} 1`,
		`ceph_health_detail{name="MON_DOWN",severity="HEALTH_WARN"} 0`, `ceph_mon_quorum_status{ceph_daemon="mon.c"} 0`,
		`ceph_osd_up{ceph_daemon="osd.0"} 1`, `ceph_osd_up{ceph_daemon="osd.1"} 0`, "ceph_cluster_total_bytes 1500",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%s is not in\n%s", line, text)
		}
	}
}
