package cilium

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// namesEvery is how often names are looked up again.
const namesEvery = 20 * time.Second

// names are those of rules, with the addresses that they lead to. Cilium learns these from the answers that its DNS proxy
// passes on; here the machine looks the names up itself. An address that a name has had is kept, as connections to it are.
type names struct {
	mu     sync.Mutex
	wanted map[string]bool
	found  map[string][]netip.Addr
	asked  chan struct{}
}

func (n *names) resolve(name string) []netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.found[name]
}

func (n *names) want(list []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range list {
		if !n.wanted[name] {
			n.wanted[name] = true
			select {
			case n.asked <- struct{}{}:
			default:
			}
		}
	}
}

// follow looks names up until ctx ends, and calls changed when one leads elsewhere.
func (n *names) follow(ctx context.Context, changed func()) {
	ticker := time.NewTicker(namesEvery)
	defer ticker.Stop()
	for {
		n.mu.Lock()
		wanted := slices.Sorted(maps.Keys(n.wanted))
		n.mu.Unlock()
		for _, name := range wanted {
			// A name that does not exist now may later.
			addresses, _ := net.DefaultResolver.LookupNetIP(ctx, "ip4", name)
			if n.learn(name, addresses) {
				changed()
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-n.asked:
		}
	}
}

func (n *names) learn(name string, addresses []netip.Addr) (more bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, address := range addresses {
		if address = address.Unmap(); !slices.Contains(n.found[name], address) {
			n.found[name] = append(slices.Clone(n.found[name]), address)
			more = true
		}
	}
	return more
}
