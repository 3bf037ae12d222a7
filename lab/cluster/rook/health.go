package rook

import (
	"fmt"
	"time"
)

const (
	healthOK   = "HEALTH_OK"
	healthWarn = "HEALTH_WARN"
	healthErr  = "HEALTH_ERR"
)

// check is one of Ceph's health checks that found something.
type check struct {
	severity, message string
}

// checks are what Ceph 20.2.4 says of itself. Warnings of keys do not end while CSI's are of the type aes, which every kernel
// below Linux 7.0 needs (rook, cephx-key-rotation.md).
func (s *State) checks(keyType string, now time.Time) map[string]check {
	found := map[string]check{
		"AUTH_INSECURE_KEYS_ALLOWED":   {healthWarn, "insecure keys are allowed by auth_allowed_ciphers"},
		"AUTH_INSECURE_KEYS_CREATABLE": {healthWarn, "insecure keys can be created"},
	}
	if keyType == "aes" {
		found["AUTH_INSECURE_CLIENT_KEY_TYPE"] = check{healthWarn, "4 client entities with insecure key types"}
	}
	down, moved := 0, 0
	zones := map[string]bool{}
	for _, osd := range s.OSDs {
		zone := s.bucket("zone", osd)
		if _, known := zones[zone]; !known {
			zones[zone] = true
		}
		if osd.Up {
			zones[zone] = false
		}
		if !osd.Up && osd.In {
			down++
		}
		if (!osd.Up || !osd.In) && (osd.In || now.Sub(osd.Since) < moving) {
			moved++
		}
	}
	if usual := s.usualSize(); len(s.OSDs) < usual {
		found["TOO_FEW_OSDS"] = check{healthWarn, fmt.Sprintf("OSD count %d < osd_pool_default_size %d", len(s.OSDs), usual)}
	}
	if down > 0 {
		found["OSD_DOWN"] = check{healthWarn, fmt.Sprintf("%d osds down", down)}
		for zone, lost := range zones {
			if lost {
				found["OSD_ZONE_DOWN"] = check{healthWarn, fmt.Sprintf("1 zone (%s) down", zone)}
			}
		}
	}
	if moved > 0 || len(s.OSDs) > 0 && !s.carried() {
		found["PG_DEGRADED"] = check{healthWarn, "Degraded data redundancy: 33 pgs degraded, 33 pgs undersized"}
	}
	if s.MonitorsUp < s.Monitors {
		found["MON_DOWN"] = check{healthWarn, fmt.Sprintf("%d/%d mons down", s.Monitors-s.MonitorsUp, s.Monitors)}
	}
	return found
}

// mute mutes and unmutes what the CephCluster names.
func (s *State) mute(cluster *cephCluster) {
	for code, wanted := range cluster.Spec.HealthCheck.MuteHealthWarning {
		if wanted.Policy == "mute" {
			s.Muted[code] = true
		} else {
			delete(s.Muted, code)
		}
	}
}

// overall is Ceph's one word; what is muted does not count.
func overall(found map[string]check, muted map[string]bool) string {
	worst := healthOK
	for code, one := range found {
		switch {
		case muted[code]:
		case one.severity == healthErr:
			worst = healthErr
		case worst == healthOK:
			worst = one.severity
		}
	}
	return worst
}
