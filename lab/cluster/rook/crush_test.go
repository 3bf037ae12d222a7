package rook

import (
	"testing"
	"time"
)

func TestDaemonsOfALostSubtreeAreGivenUpOnlyBelowTheLimit(t *testing.T) {
	began := time.Now()
	for name, one := range map[string]struct {
		config map[string]map[string]string
		up     map[string]bool
		in     bool
	}{
		"a host with its only machine":    {nil, map[string]bool{"b": true}, true},
		"a machine, and another one runs": {nil, map[string]bool{"a2": true, "b": true}, false},
		"a host where regions are the limit": {
			map[string]map[string]string{"mon": {"mon_osd_down_out_subtree_limit": "region"}}, map[string]bool{"b": true}, false,
		},
		"a rack where regions are the limit": {
			map[string]map[string]string{"global": {"mon_osd_down_out_subtree_limit": "region"}}, map[string]bool{"c": true}, true,
		},
	} {
		place := func(zone, region string) map[string]string { return map[string]string{"zone": zone, "region": region} }
		s := &State{
			OSDs: map[int]*OSD{}, Config: map[string]map[string]string{},
			Hosts: map[string]map[string]string{"a": place("one", "west"), "a2": place("one", "west"), "b": place("two", "west"), "c": place("three", "east")},
		}
		for id, host := range []string{"a", "a2", "b", "c"} {
			s.OSDs[id] = &OSD{Host: host, Up: one.up[host], In: true, Since: began}
		}
		s.configure(one.config)
		s.configure(nil)
		s.settle(began.Add(outAfter + time.Second))
		if s.OSDs[0].In != one.in {
			t.Errorf("%s: in is %t", name, s.OSDs[0].In)
		}
	}
}

func TestAPoolKeepsItsFailureDomainUnlessItsCopiesAreToFollow(t *testing.T) {
	var copies, pieces poolSpec
	copies.Replicated.Size, pieces.ErasureCoded.DataChunks, pieces.ErasureCoded.CodingChunks = 3, 2, 1
	for name, one := range map[string]struct {
		pool    poolSpec
		updates bool
		domain  string
	}{
		"copies":                  {copies, false, "osd"},
		"copies that are updated": {copies, true, "zone"},
		"pieces":                  {pieces, true, "osd"},
	} {
		s := &State{}
		one.pool.FailureDomain, one.pool.EnableCrushUpdates = "osd", one.updates
		s.rule(map[string]poolSpec{"pool": one.pool})
		one.pool.FailureDomain = "zone"
		s.rule(map[string]poolSpec{"pool": one.pool})
		if s.Domains["pool"] != one.domain || s.Widths[one.domain] != 3 {
			t.Errorf("%s: %v %v", name, s.Domains, s.Widths)
		}
		s.rule(nil)
		s.rule(map[string]poolSpec{"pool": one.pool})
		if s.Domains["pool"] != "zone" {
			t.Errorf("%s: a pool that is made anew is one of %s", name, s.Domains["pool"])
		}
	}
}

func TestTheManagersOwnPoolWantsThreeHostsUnlessItIsDeclared(t *testing.T) {
	s := &State{
		OSDs:   map[int]*OSD{0: {Host: "a", Up: true, In: true}, 1: {Host: "a", Up: true, In: true}},
		Hosts:  map[string]map[string]string{"a": {"zone": "one"}},
		Config: map[string]map[string]string{},
	}
	s.rule(map[string]poolSpec{})
	found := s.checks("", time.Now())
	for _, code := range []string{"PG_DEGRADED", "TOO_FEW_OSDS"} {
		if _, warned := found[code]; !warned {
			t.Errorf("no word of %s: %v", code, found)
		}
	}
	var own poolSpec
	own.FailureDomain, own.EnableCrushUpdates, own.Replicated.Size = "osd", true, 2
	s.configure(map[string]map[string]string{"global": {"osd_pool_default_size": "2"}})
	s.rule(map[string]poolSpec{managersPool: own})
	found = s.checks("", time.Now())
	for _, code := range []string{"PG_DEGRADED", "TOO_FEW_OSDS"} {
		if one, warned := found[code]; warned {
			t.Errorf("%s: %v", code, one)
		}
	}
}
