package rook

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// watchDaemons gives the disks' Deployments, and counts how often one was deleted.
func (w *work) watchDaemons() []*appsv1.Deployment {
	now := map[types.UID]bool{}
	var found []*appsv1.Deployment
	for _, one := range w.deployments {
		if one.Labels["app"] == "rook-ceph-osd" {
			now[one.UID] = true
			found = append(found, one)
		}
	}
	for uid := range w.daemons {
		if !now[uid] {
			w.lost++
		}
	}
	w.daemons = now
	return found
}

// createOSDs makes Deployments of what was found on a node, once for each look. Where the number has one already that one stays as
// it is, be it another disk's (rook, osd/create.go: createNewOSDsFromStatus).
func (w *work) createOSDs(ctx context.Context, found *prepared, node corev1.Node, existing []*appsv1.Deployment) error {
	if w.made[node.Name] == found.Round {
		return nil
	}
	place := location(node)
	words := []string{"root=default", "host=" + place["host"]}
	for _, kind := range slices.Sorted(maps.Keys(place)) {
		if kind != "host" {
			words = append(words, kind+"="+place[kind])
		}
	}
	for device, one := range found.OSDs {
		id := strconv.Itoa(one.ID)
		if slices.ContainsFunc(existing, func(d *appsv1.Deployment) bool { return d.Labels[osdLabel] == id }) {
			continue
		}
		if err := w.run(ctx, w.osd(id, one.UUID, device, strings.Join(words, " "), node.Labels[hostname])); err != nil {
			return err
		}
	}
	w.made[node.Name] = found.Round
	return nil
}

// updateOSDs brings the Deployments of a node up to date, with what each was made for (rook, osd/osd.go: getOSDInfo).
func (w *work) updateOSDs(ctx context.Context, node string, existing []*appsv1.Deployment) error {
	for _, one := range existing {
		spec := one.Spec.Template.Spec
		if spec.NodeSelector[hostname] != node {
			continue
		}
		index := slices.IndexFunc(spec.Containers, func(c corev1.Container) bool { return c.Name == "osd" })
		if index < 0 {
			return fmt.Errorf("%s has no container osd", one.Name)
		}
		told := map[string]string{}
		for _, variable := range spec.Containers[index].Env {
			told[variable.Name] = variable.Value
		}
		where := ""
		for _, arg := range spec.Containers[index].Args {
			where += strings.TrimPrefix(arg, locationFlag)
		}
		if err := w.run(ctx, w.osd(one.Labels[osdLabel], told["ROOK_OSD_UUID"], told["ROOK_BLOCK_PATH"], where, node)); err != nil {
			return err
		}
	}
	return nil
}

const osdLabel = "ceph-osd-id"

// osd is the daemon of a disk (rook, osd/spec.go: makeDeployment).
func (w *work) osd(id, uuid, device, where, node string) daemon {
	labels := map[string]string{osdLabel: id, "portable": "false"}
	for _, word := range strings.Fields(where) {
		kind, value, _ := strings.Cut(word, "=")
		labels["topology-location-"+kind] = value
	}
	labels["failure-domain"] = labels["topology-location-host"]
	return daemon{
		app: "rook-ceph-osd", kind: "osd", id: id, account: "rook-ceph-osd", node: node,
		labels: labels, sidecars: w.logs(), args: []string{locationFlag + where},
		environment: []corev1.EnvVar{
			{Name: "ROOK_OSD_UUID", Value: uuid}, {Name: "ROOK_OSD_ID", Value: id}, {Name: "ROOK_BLOCK_PATH", Value: device}, fsidVariable(),
		},
	}
}
