// Package rook is what the lab's kubelet runs for Rook's and Ceph's images: the operator, the job that looks for a node's
// disks, monitors that answer the `ceph` command, and object gateways. There is no Ceph: what it would know stands in a file
// of the lab (state.go), and its health follows from that by rules (health.go). Read from rook/rook v1.20.6.
package rook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/cluster/passes"
)

const (
	// again is the pause before what is not finished is looked at once more.
	again = time.Second
	// wipeEvery is how often it is looked whether Ceph's pods are gone, 5 s with the real one (clusterCleanUpPolicyRetryInterval).
	wipeEvery = time.Second
	// look is how often it is looked what Ceph knows; the real one's interval is 60 s.
	look = 5 * time.Second
	// tell is how often its status tells that it was asked for, as the real one's does.
	tell = time.Minute
)

type operator struct {
	namespace string
	// directory has what the Ceph knows.
	directory string
	wipeEvery time.Duration
	// image is the operator's own.
	image   string
	client  kubernetes.Interface
	dynamic dynamic.Interface
	log     *slog.Logger
	changed passes.Changes
	// said is what the CephCluster's status was last told, without times, and told when: a status that is written anew asks for a
	// pass.
	said string
	told time.Time
	// furnished is the CephCluster that has all that is made once.
	furnished types.UID
	// allowed is what the monitors' budget lets be away, looked at last when it was budgeted.
	allowed  intstr.IntOrString
	budgeted time.Time
	// monitored is, for each ServiceMonitor, the CephCluster that has it.
	monitored map[string]types.UID
	// started is when the operator was; opened is the round in which it looked for disks last, of all nodes that took pods then,
	// and rounds has for each node the last of its own.
	started, opened string
	rounds          map[string]string
	// made has for each node the last round whose findings have their daemons.
	made map[string]string
	// seen are nodes that have had their one turn between rounds; places is where each node stands, and moved how often one's
	// place has changed; daemons are the disks' that were there, and lost is how often one was deleted.
	seen        map[string]bool
	places      map[types.UID]string
	daemons     map[types.UID]bool
	moved, lost int
}

// RunOperator reconciles Rook's kinds in its namespace until ctx ends.
func RunOperator(ctx context.Context, c program.Container) error {
	client, custom, err := c.Clients()
	if err != nil {
		return err
	}
	o := &operator{
		namespace: c.Env["POD_NAMESPACE"], directory: Directory, wipeEvery: wipeEvery, image: c.Spec.Image, client: client, dynamic: custom, log: c.Logger,
		changed: passes.NewChanges(), started: time.Now().UTC().Format(time.RFC3339), rounds: map[string]string{}, made: map[string]string{},
		seen: map[string]bool{}, places: map[types.UID]string{}, monitored: map[string]types.UID{},
	}
	if o.namespace == "" {
		return errors.New("POD_NAMESPACE is not set")
	}
	shutdown, err := o.watch(ctx)
	defer shutdown()
	if err != nil {
		return err
	}
	c.Ready(true)
	passes.Repeat(ctx, o.changed, again, c.Logger, o.pass)
	return nil
}

// watch asks for a pass at each change of what the operator looks at, and of what Ceph knows.
func (o *operator) watch(ctx context.Context) (func(), error) {
	custom := dynamicinformer.NewDynamicSharedInformerFactory(o.dynamic, 0)
	all := informers.NewSharedInformerFactory(o.client, 0)
	own := informers.NewSharedInformerFactoryWithOptions(o.client, 0, informers.WithNamespace(o.namespace))
	watched := []cache.SharedIndexInformer{
		own.Apps().V1().Deployments().Informer(), own.Batch().V1().Jobs().Informer(), own.Core().V1().ConfigMaps().Informer(),
		all.Core().V1().Nodes().Informer(),
	}
	for _, kind := range []string{clusters, pools, filesystems, groups, stores} {
		watched = append(watched, custom.ForResource(ceph(kind)).Informer())
	}
	watched = append(watched, custom.ForResource(bucketClaims).Informer())
	_, failed := o.changed.Watch(watched...)
	// A pod that starts shows in its Deployment; one that has gone may show nowhere else.
	_, err := own.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{DeleteFunc: func(any) { o.changed.Notify() }})
	custom.Start(ctx.Done())
	own.Start(ctx.Done())
	all.Start(ctx.Done())
	go o.watchCeph(ctx)
	return func() { custom.Shutdown(); own.Shutdown(); all.Shutdown() }, errors.Join(failed, err)
}

// watchCeph asks for a pass at once, when what a Ceph knows or what follows from it by now has changed, and when its status is
// to tell that it was asked for.
func (o *operator) watchCeph(ctx context.Context) {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	var asked time.Time
	before := ""
	for {
		now := time.Now()
		words, err := known(o.directory, now)
		if err != nil {
			o.log.Warn("cannot read what Ceph knows", "error", err)
		}
		if words != before || now.Sub(asked) >= tell+look {
			before, asked = words, now
			o.changed.Notify()
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// pass brings everything about; what is not finished is an error, and another pass follows.
func (o *operator) pass(ctx context.Context) error {
	list, err := o.dynamic.Resource(ceph(clusters)).Namespace(o.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(list.Items) > 1 {
		return fmt.Errorf("the lab's Rook runs one CephCluster, and there are %d", len(list.Items))
	}
	if len(list.Items) == 0 {
		return nil
	}
	cluster, err := decode[cephCluster](&list.Items[0])
	if err != nil {
		return err
	}
	w := &work{operator: o, cluster: cluster}
	if err := w.look(ctx); err != nil {
		return err
	}
	if cluster.DeletionTimestamp != nil {
		return errors.Join(w.reconcileChildren(ctx), w.remove(ctx))
	}
	// Rook configures nothing any more once the end of all data is confirmed.
	if cluster.Spec.CleanupPolicy.Confirmation != "" {
		return w.keepFinalizer(ctx)
	}
	return errors.Join(w.reconcile(ctx), w.reconcileChildren(ctx), w.reconcileBuckets(ctx))
}

// work is one pass over the CephCluster and what belongs to it.
type work struct {
	*operator
	cluster *cephCluster
	// deployments and addresses, of Services, are those of the pass's beginning, by name.
	deployments map[string]*appsv1.Deployment
	addresses   map[string]string
	// fsid is the Ceph's id, once the pass has asked for it.
	fsid  string
	state *State
}

// look asks at once for what a pass needs again and again.
func (w *work) look(ctx context.Context) error {
	deployments, err := w.client.AppsV1().Deployments(w.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	services, err := w.client.CoreV1().Services(w.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	w.deployments, w.addresses = map[string]*appsv1.Deployment{}, map[string]string{}
	for i := range deployments.Items {
		w.deployments[deployments.Items[i].Name] = &deployments.Items[i]
	}
	for _, one := range services.Items {
		w.addresses[one.Name] = one.Spec.ClusterIP
	}
	return nil
}

// change changes what the Ceph knows.
func (w *work) change(ctx context.Context, change func(*State) error) error {
	fsid, err := w.identity(ctx)
	if err != nil {
		return err
	}
	return Change(w.directory, fsid, change)
}
