package arp

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
)

func TestGratuitousArpNamesTheAddressTwice(t *testing.T) {
	hardware := net.HardwareAddr{2, 0, 0, 0, 0, 1}
	packet := frame(hardware, netip.MustParseAddr("192.168.1.20"), 1)
	if len(packet) != 42 || packet[12] != 8 || packet[13] != 6 {
		t.Fatalf("not an ARP frame: %x", packet)
	}
	if !bytes.Equal(packet[28:32], []byte{192, 168, 1, 20}) || !bytes.Equal(packet[38:42], packet[28:32]) {
		t.Fatalf("sender and target differ: %x", packet)
	}
}
