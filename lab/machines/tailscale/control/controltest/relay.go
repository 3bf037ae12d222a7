package controltest

import (
	"io"
	"net"
	"net/http"
	"slices"
)

// relay puts a device that asks for an address and the one that has it together, whoever comes first.
func (n *Tailnet) relay(w http.ResponseWriter, r *http.Request) {
	address := r.PathValue("address")
	n.mu.Lock()
	of := n.find(r.Header.Get("Node-Key"))
	if at := slices.IndexFunc(n.devices, func(d *Device) bool { return slices.Contains(d.Addresses, address) }); of != nil && address != "" {
		of = nil
		if at >= 0 {
			of = n.devices[at]
		}
	}
	if of == nil {
		n.mu.Unlock()
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if n.meetings[of.NodeID] == nil {
		n.meetings[of.NodeID] = make(chan net.Conn)
	}
	meeting := n.meetings[of.NodeID]
	n.mu.Unlock()
	end, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	agree := func(end net.Conn) {
		_, _ = io.WriteString(end, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tailnet\r\n\r\n")
	}
	if address == "" {
		meeting <- end
		return
	}
	other := <-meeting
	agree(end)
	agree(other)
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // The test sees what is missing.
		_, _ = to.Close(), from.Close()
	}
	go pass(end, other)
	go pass(other, end)
}
