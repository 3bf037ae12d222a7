package main

import (
	"fmt"
	"log"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
)

// snapshot is everything that the controller has said. It is replaced and never changed.
type snapshot struct {
	clusters  map[string]*clusterv3.Cluster
	endpoints map[string]*endpointv3.ClusterLoadAssignment
	routes    map[string]*routev3.RouteConfiguration
	secrets   map[string]*tlsv3.Secret
	listeners map[string]*listenerv3.Listener
}

// proxy serves what the last snapshot says.
type proxy struct {
	current     atomic.Pointer[snapshot]
	connections atomic.Int64
	draining    atomic.Bool

	lock    sync.Mutex
	version map[string]map[string]string
	// open are the listeners' sockets by the listener's name.
	open map[string]*socket
	// refused says what of which kind is not played, by kind.
	refused map[string]error
}

func newProxy() *proxy {
	p := &proxy{version: map[string]map[string]string{}, open: map[string]*socket{}, refused: map[string]error{}}
	p.current.Store(&snapshot{
		clusters: map[string]*clusterv3.Cluster{}, endpoints: map[string]*endpointv3.ClusterLoadAssignment{},
		routes: map[string]*routev3.RouteConfiguration{}, secrets: map[string]*tlsv3.Secret{},
		listeners: map[string]*listenerv3.Listener{},
	})
	return p
}

// versions are what the proxy holds of a kind, for a controller that is asked anew.
func (p *proxy) versions(kind string) map[string]string {
	p.lock.Lock()
	defer p.lock.Unlock()
	return maps.Clone(p.version[kind])
}

// take brings the proxy to what an answer says, or leaves it as it is and says what of the answer is not played.
func (p *proxy) take(answer *discoveryv3.DeltaDiscoveryResponse) error {
	p.lock.Lock()
	defer p.lock.Unlock()
	next := *p.current.Load()
	err := next.change(answer)
	if err != nil {
		p.refused[answer.TypeUrl] = err
		return err
	}
	delete(p.refused, answer.TypeUrl)
	held := p.version[answer.TypeUrl]
	if held == nil {
		held = map[string]string{}
		p.version[answer.TypeUrl] = held
	}
	for _, resource := range answer.Resources {
		held[resource.Name] = resource.Version
	}
	for _, name := range answer.RemovedResources {
		delete(held, name)
	}
	p.current.Store(&next)
	if answer.TypeUrl == listenerType {
		p.listen(next.listeners)
	}
	return nil
}

func (s *snapshot) change(answer *discoveryv3.DeltaDiscoveryResponse) error {
	var err error
	switch answer.TypeUrl {
	case clusterType:
		s.clusters, err = changed(s.clusters, answer, checkUpstream)
	case endpointType:
		s.endpoints, err = changed(s.endpoints, answer, nil)
	case routeType:
		s.routes, err = changed(s.routes, answer, checkRoutes)
	case secretType:
		s.secrets, err = changed(s.secrets, answer, nil)
	case listenerType:
		s.listeners, err = changed(s.listeners, answer, checkListener)
	default:
		err = fmt.Errorf("%s: the lab's envoy does not take this kind", answer.TypeUrl)
	}
	return err
}

// message is a pointer to a protocol message T.
type message[T any] interface {
	*T
	proto.Message
}

func changed[T any, P message[T]](held map[string]P, answer *discoveryv3.DeltaDiscoveryResponse, check func(P) error) (map[string]P, error) {
	next := maps.Clone(held)
	for _, resource := range answer.Resources {
		value := P(new(T))
		if err := resource.Resource.UnmarshalTo(value); err != nil {
			return nil, err
		}
		if check != nil {
			if err := check(value); err != nil {
				return nil, fmt.Errorf("%s: %w", resource.Name, err)
			}
		}
		next[resource.Name] = value
	}
	for _, name := range answer.RemovedResources {
		delete(next, name)
	}
	return next, nil
}

// listen opens what is new, closes what is gone, and lets what runs serve by its new form.
func (p *proxy) listen(listeners map[string]*listenerv3.Listener) {
	for name, socket := range p.open {
		if wanted := listeners[name]; wanted == nil || addressOf(wanted.Address) != socket.address {
			socket.close()
			delete(p.open, name)
		}
	}
	for name, listener := range listeners {
		if running := p.open[name]; running != nil {
			running.listener.Store(listener)
			continue
		}
		opened, err := p.openSocket(listener)
		if err != nil {
			log.Printf("listener %s: %v", name, err)
			p.refused[name] = err
			continue
		}
		delete(p.refused, name)
		p.open[name] = opened
		log.Printf("listener %s serves at %s", name, opened.address)
	}
}

// needed are the names that clusters and listeners refer to, by kind.
func (p *proxy) needed() map[string][]string {
	s := p.current.Load()
	names := map[string]map[string]bool{endpointType: {}, routeType: {}, secretType: {}}
	for name, cluster := range s.clusters {
		if cluster.GetType() == clusterv3.Cluster_EDS {
			names[endpointType][endpointsOf(name, cluster)] = true
		}
		for _, match := range cluster.GetTransportSocketMatches() {
			names[secretType][authorityOf(upstreamContext(match))] = true
		}
	}
	for _, listener := range s.listeners {
		for _, chain := range chainsOf(listener) {
			if route := managerOf(chain).GetRds().GetRouteConfigName(); route != "" {
				names[routeType][route] = true
			}
			for _, secret := range secretsOf(chain) {
				names[secretType][secret] = true
			}
		}
	}
	sorted := map[string][]string{}
	for kind, all := range names {
		sorted[kind] = slices.Sorted(maps.Keys(all))
	}
	return sorted
}

// unready says why the proxy does not count as ready; empty when it does.
func (p *proxy) unready() string {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.draining.Load() {
		return "draining"
	}
	for name, err := range p.refused {
		return fmt.Sprintf("%s: %v", name, err)
	}
	return ""
}

// unpack reads a message of a kind out of its envelope; nil when it holds another kind.
func unpack[T any, P message[T]](envelope *anypb.Any) P {
	value := P(new(T))
	if envelope == nil || !envelope.MessageIs(value) || envelope.UnmarshalTo(value) != nil {
		return nil
	}
	return value
}
