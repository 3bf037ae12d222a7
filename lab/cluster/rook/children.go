package rook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// force is the annotation that has a kind's content go with it (rook, ceph-teardown.md: of three kinds, two of which the lab has).
const force = "rook.io/force-deletion"

// reconcileChildren looks after pools, filesystems, their subvolume groups, and object stores.
func (w *work) reconcileChildren(ctx context.Context) error {
	found := map[string]poolSpec{}
	var failed error
	for _, kind := range []string{pools, filesystems, groups, stores} {
		list, err := w.dynamic.Resource(ceph(kind)).Namespace(w.namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for i := range list.Items {
			one, err := decode[child](&list.Items[i])
			if err != nil {
				return err
			}
			if one.DeletionTimestamp != nil {
				failed = errors.Join(failed, w.release(ctx, kind, one))
				continue
			}
			for i, pool := range append([]poolSpec{one.Spec.poolSpec, one.Spec.MetadataPool, one.Spec.DataPool}, one.Spec.DataPools...) {
				if pool.width() > 0 {
					found[cmp.Or(one.Spec.Name, fmt.Sprintf("%s/%s/%d", kind, one.Name, i))] = pool
				}
			}
			failed = errors.Join(failed, w.keep(ctx, kind, one))
		}
	}
	if w.state == nil {
		return failed
	}
	return errors.Join(failed, w.change(ctx, func(s *State) error {
		s.rule(found)
		return nil
	}))
}

// rule gives each pool a rule when it is made. Its failure domain stays, unless copies are kept apart by another one and updates
// are asked for; that of pieces is not looked at again (rook, pkg/daemon/ceph/client/pool.go: updatePoolCrushRuleLocked is
// createReplicatedPoolForApp's alone).
func (s *State) rule(pools map[string]poolSpec) {
	made := s.Domains
	s.Domains, s.Widths, s.Spares = map[string]string{}, map[string]int{}, map[string]int{}
	if _, declared := pools[managersPool]; !declared && len(s.OSDs) > 0 {
		pools[managersPool] = s.managersOwn()
	}
	for name, pool := range pools {
		domain, known := made[name]
		if !known || pool.EnableCrushUpdates && pool.Replicated.Size > 0 && pool.FailureDomain != "" {
			domain = pool.FailureDomain
		}
		if domain == "" {
			domain = "host"
		}
		s.Domains[name] = domain
		s.Widths[domain] = max(s.Widths[domain], pool.width())
		if least, known := s.Spares[domain]; !known || pool.spare() < least {
			s.Spares[domain] = pool.spare()
		}
	}
}

// managersPool is where the manager keeps what it knows of devices. It makes it by itself once there are disks, as Ceph makes any
// pool of which nobody says more (ceph, src/pybind/mgr/mgr_module.py: create_mgr_pool).
const managersPool = ".mgr"

func (s *State) managersOwn() (own poolSpec) {
	own.FailureDomain, own.Replicated.Size = "host", s.usualSize()
	return own
}

// usualSize is how many copies a pool has of which nobody says more.
func (s *State) usualSize() int {
	size, err := strconv.Atoi(s.option("global", "osd_pool_default_size", "3"))
	if err != nil {
		return 3
	}
	return size
}

// keep brings about what an object asks for. Nothing is done before the first disk has its daemon.
func (w *work) keep(ctx context.Context, kind string, one *child) error {
	if err := w.setFinalizer(ctx, ceph(kind), one, finalizerOf(kind), true); err != nil {
		return err
	}
	if w.state == nil || len(w.state.OSDs) == 0 {
		return fmt.Errorf("%s %s waits for disks", one.Kind, one.Name)
	}
	owner := []metav1.OwnerReference{{APIVersion: one.APIVersion, Kind: one.Kind, Name: one.Name, UID: one.UID}}
	status := map[string]any{"phase": "Ready"}
	switch kind {
	case filesystems:
		count := one.Spec.MetadataServer.ActiveCount
		if one.Spec.MetadataServer.ActiveStandby {
			count *= 2
		}
		for i := range count {
			id := fmt.Sprintf("%s-%c", one.Name, 'a'+i)
			err := w.run(ctx, daemon{
				app: "rook-ceph-mds", kind: "mds", id: id, account: "rook-ceph-default", owner: owner, sidecars: w.logs(),
				labels: map[string]string{"rook_file_system": one.Name}, resources: &one.Spec.MetadataServer.Resources,
				priority: one.Spec.MetadataServer.PriorityClassName,
			})
			if err != nil {
				return err
			}
		}
	case stores:
		app := map[string]string{"app": "rook-ceph-rgw", "rook_object_store": one.Name}
		if _, err := w.service(ctx, "rook-ceph-rgw-"+one.Name, app, one.Spec.Gateway.Port, gatewayPort); err != nil {
			return err
		}
		err := w.run(ctx, daemon{
			app: "rook-ceph-rgw", kind: "rgw", id: one.Name + "-a", account: "rook-ceph-rgw", owner: owner, sidecars: w.logs(),
			labels: map[string]string{"rook_object_store": one.Name}, resources: &one.Spec.Gateway.Resources,
			priority: one.Spec.Gateway.PriorityClassName, replicas: one.Spec.Gateway.Instances,
			ports:       []corev1.ContainerPort{{Name: "rgw", ContainerPort: gatewayPort}},
			environment: []corev1.EnvVar{{Name: "STORE", Value: one.Name}, fsidVariable()},
		})
		if err != nil {
			return err
		}
		if !w.ready("rook-ceph-rgw-" + one.Name + "-a") {
			status["phase"] = "Progressing"
		}
		status["info"] = map[string]any{"endpoint": fmt.Sprintf("http://%s:%d", gatewayHost(one.Name, w.namespace), one.Spec.Gateway.Port)}
	}
	if one.Status.Phase == status["phase"] {
		return nil
	}
	return w.setStatus(ctx, ceph(kind), one.Name, status)
}

func finalizerOf(kind string) string { return strings.TrimSuffix(kind, "s") + ".ceph.rook.io" }

// release lets an object go whose content is gone, or is to go with it.
func (w *work) release(ctx context.Context, kind string, one *child) error {
	if !slices.Contains(one.Finalizers, finalizerOf(kind)) {
		return nil
	}
	held, err := w.holds(ctx, kind, one)
	if err != nil {
		return err
	}
	if held != "" && one.Annotations[force] != "true" {
		message := fmt.Sprintf("%s %q will not be deleted until all dependents are removed: %s", one.Kind, w.namespace+"/"+one.Name, held)
		return errors.Join(errors.New(message), w.blocked(ctx, kind, one.Name, message))
	}
	return w.setFinalizer(ctx, ceph(kind), one, finalizerOf(kind), false)
}

// holds is what is kept in an object: volumes, buckets, or a filesystem's groups.
func (w *work) holds(ctx context.Context, kind string, one *child) (string, error) {
	switch kind {
	case pools:
		held, err := w.volumes(ctx, "pool", one.Name)
		return listed("images", held), err
	case groups:
		held, err := w.volumes(ctx, "fsName", one.Spec.FilesystemName)
		return listed("subvolumes", held), err
	case filesystems:
		list, err := w.dynamic.Resource(ceph(groups)).Namespace(w.namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return "", err
		}
		var held []string
		for i := range list.Items {
			group, err := decode[child](&list.Items[i])
			if err != nil {
				return "", err
			}
			if group.Spec.FilesystemName == one.Name {
				held = append(held, group.Name)
			}
		}
		return listed("filesystem subvolume groups", held), nil
	case stores:
		var held []string
		err := w.change(ctx, func(s *State) error {
			for name, bucket := range s.Buckets {
				if bucket.Store == one.Name {
					held = append(held, name)
				}
			}
			return nil
		})
		return listed("buckets", held), err
	}
	return "", nil
}

func listed(what string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return what + ": " + strings.Join(names, ", ")
}
