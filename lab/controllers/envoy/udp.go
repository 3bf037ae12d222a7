package main

import (
	"context"
	"errors"
	"log"
	"net"
	"sync"
	"time"

	xdsmatcherv3 "github.com/cncf/xds/go/xds/type/matcher/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	udpproxyv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/udp/udp_proxy/v3"
)

// sessionPatience is how long a client's datagrams go to one endpoint without any (udp_proxy, idle_timeout).
const sessionPatience = time.Minute

// udpClusterOf is where a listener's datagrams go; empty when they go nowhere.
func udpClusterOf(listener *listenerv3.Listener) string {
	for _, filter := range listener.ListenerFilters {
		proxy := unpack[udpproxyv3.UdpProxyConfig](filter.GetTypedConfig())
		matcher := proxy.GetMatcher().GetOnNoMatch().GetOnMatch()
		if action, ok := matcher.(*xdsmatcherv3.Matcher_OnMatch_Action); ok {
			return unpack[udpproxyv3.Route](action.Action.GetTypedConfig()).GetCluster()
		}
	}
	return ""
}

func (p *proxy) openUDP(opened *socket) error {
	packets, err := net.ListenPacket("udp", opened.address)
	if err != nil {
		return err
	}
	var lock sync.Mutex
	sessions := map[string]net.Conn{}
	opened.close = func() { packets.Close() }
	// session is the client's way to an endpoint, whose answers go back to it.
	session := func(client net.Addr) (net.Conn, error) {
		lock.Lock()
		defer lock.Unlock()
		if known := sessions[client.String()]; known != nil {
			return known, nil
		}
		way, err := p.dial(context.Background(), "udp", udpClusterOf(opened.listener.Load()))
		if err != nil {
			return nil, err
		}
		sessions[client.String()] = way
		go func() {
			defer func() {
				way.Close()
				lock.Lock()
				delete(sessions, client.String())
				lock.Unlock()
			}()
			answer := make([]byte, 65_535)
			for {
				way.SetReadDeadline(time.Now().Add(sessionPatience))
				count, err := way.Read(answer)
				if err != nil {
					return
				}
				if _, err := packets.WriteTo(answer[:count], client); err != nil {
					return
				}
			}
		}()
		return way, nil
	}
	go func() {
		packet := make([]byte, 65_535)
		for {
			count, client, err := packets.ReadFrom(packet)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				log.Printf("%s: %v", opened.address, err)
				continue
			}
			way, err := session(client)
			if err != nil {
				log.Printf("%s: %v", opened.address, err)
				continue
			}
			if _, err := way.Write(packet[:count]); err != nil {
				log.Printf("%s: %v", opened.address, err)
			}
		}
	}()
	return nil
}
