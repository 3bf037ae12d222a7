package rook

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// locationFlag tells a daemon where it stands.
const locationFlag = "--crush-location="

// crushLocation is where a daemon is told to stand.
func crushLocation(args []string) (map[string]string, error) {
	for _, arg := range args {
		if told, found := strings.CutPrefix(arg, locationFlag); found {
			return crushPlace(strings.Fields(told))
		}
	}
	return nil, errors.New("an OSD without " + locationFlag)
}

// start lets a daemon in, unless its number is another disk's by now (ceph, OSDMonitor::preprocess_boot), and puts it into its
// host's bucket: with those above where it is new, and one that is there stays where it is (ceph, CrushWrapper::insert_item).
func (s *State) start(id int, uuid string, bytes int64, place map[string]string) error {
	osd, known := s.OSDs[id]
	if !known || osd.UUID != uuid {
		return fmt.Errorf("osd.%d with UUID %s is not in the map", id, uuid)
	}
	osd.Host, osd.Bytes = place["host"], bytes
	if _, made := s.Hosts[osd.Host]; !made {
		above := maps.Clone(place)
		delete(above, "host")
		s.Hosts[osd.Host] = above
	}
	return nil
}

// bucket is the one of a type that a daemon stands below.
func (s *State) bucket(kind string, osd *OSD) string {
	if kind == "host" {
		return osd.Host
	}
	return s.Hosts[osd.Host][kind]
}

// crushTypes are CRUSH's types of bucket, from the smallest (ceph, OSDMap::_build_crush_types).
var crushTypes = []string{"osd", "host", "chassis", "rack", "row", "pdu", "pod", "room", "datacenter", "zone", "region", "root"}

// subtreeDown is whether a bucket above a daemon that is of this type, or of a larger one, is wholly down
// (ceph, OSDMap::containing_subtree_is_down).
func (s *State) subtreeDown(osd *OSD, limit string) bool {
	for _, kind := range crushTypes[max(slices.Index(crushTypes, limit), 1):] {
		name := s.bucket(kind, osd)
		if kind != "root" && name == "" {
			continue
		}
		up := false
		for _, other := range s.OSDs {
			up = up || other.Up && s.bucket(kind, other) == name
		}
		return !up
	}
	return false
}

// configure keeps what the CephCluster has the monitors keep (rook, cluster.go: updateConfigStoreFromCRD).
func (s *State) configure(config map[string]map[string]string) {
	for who, options := range config {
		if s.Config[who] == nil {
			s.Config[who] = map[string]string{}
		}
		maps.Copy(s.Config[who], options)
	}
}

// option is what a daemon of a kind goes by.
func (s *State) option(kind, name, otherwise string) string {
	for _, who := range []string{kind, "global"} {
		if value, set := s.Config[who][name]; set {
			return value
		}
	}
	return otherwise
}

// removeHost takes an empty bucket away.
func (s *State) removeHost(host string) error {
	for _, osd := range s.OSDs {
		if osd.Host == host {
			return fmt.Errorf("Error ENOTEMPTY: (39) Directory not empty")
		}
	}
	delete(s.Hosts, host)
	return nil
}

// moveHost puts a bucket below others.
func (s *State) moveHost(host string, place []string) error {
	if _, made := s.Hosts[host]; !made {
		return fmt.Errorf("Error ENOENT: item %s does not exist", host)
	}
	above, err := crushPlace(place)
	if err != nil {
		return err
	}
	s.Hosts[host] = above
	return nil
}

// crushPlace reads words of the form TYPE=NAME. There is one root.
func crushPlace(words []string) (map[string]string, error) {
	place := map[string]string{}
	for _, word := range words {
		kind, name, ok := strings.Cut(word, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("Error EINVAL: %q is no place", word)
		}
		if kind != "root" {
			place[kind] = name
		}
	}
	return place, nil
}
