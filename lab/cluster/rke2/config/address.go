package config

import (
	"errors"
	"net"
	"net/netip"
)

// APIServiceIP is the first address of the service network, the Service kubernetes.default.
func (c *Config) APIServiceIP() string {
	return nth(netip.MustParsePrefix(c.ServiceCIDR), 1).String()
}

func nth(prefix netip.Prefix, n int) netip.Addr {
	addr := prefix.Masked().Addr()
	for range n {
		addr = addr.Next()
	}
	return addr
}

// firstAddress is the source address of the default route, or else the first global one.
func firstAddress() (string, error) {
	// Connecting a UDP socket sends nothing; it only asks the routing table.
	if conn, err := net.Dial("udp4", "192.0.2.1:9"); err == nil {
		defer conn.Close()
		if addr, ok := conn.LocalAddr().(*net.UDPAddr); ok && !addr.IP.IsLoopback() {
			return addr.IP.String(), nil
		}
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "", err
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
			return n.IP.String(), nil
		}
	}
	return "", errors.New("node-ip: no IPv4 address on any interface; set node-ip")
}
