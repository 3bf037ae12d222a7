package nft

import (
	"encoding/binary"
	"net"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Field is an address of the IPv4 header, by its offset.
type Field uint32

// Addresses of a packet.
const (
	Source      Field = 12
	Destination Field = 16
)

const addressLength = 4

func (f Field) load() expr.Any {
	return &expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: uint32(f), Len: addressLength}
}

// Within is met by packets whose address lies in the range.
func (f Field) Within(prefix netip.Prefix) []expr.Any { return f.compare(expr.CmpOpEq, prefix) }

// Outside is met by the others.
func (f Field) Outside(prefix netip.Prefix) []expr.Any { return f.compare(expr.CmpOpNeq, prefix) }

// Is is met by packets with this address.
func (f Field) Is(address netip.Addr) []expr.Any { return f.Within(netip.PrefixFrom(address, 32)) }

func (f Field) compare(operator expr.CmpOp, prefix netip.Prefix) []expr.Any {
	network := prefix.Masked().Addr().As4()
	return []expr.Any{
		f.load(),
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: addressLength, Mask: net.CIDRMask(prefix.Bits(), 32), Xor: make([]byte, addressLength)},
		&expr.Cmp{Op: operator, Register: 1, Data: network[:]},
	}
}

// Among is met by packets whose address is one of the list; NotAmong by the others.
func (t *Table) Among(f Field, list []netip.Addr) []expr.Any { return t.lookup(f, list, false) }

// NotAmong is met by packets whose address is none of the list.
func (t *Table) NotAmong(f Field, list []netip.Addr) []expr.Any { return t.lookup(f, list, true) }

func (t *Table) lookup(f Field, list []netip.Addr, invert bool) []expr.Any {
	set := &nftables.Set{Table: t.table, Anonymous: true, Constant: true, KeyType: nftables.TypeIPAddr}
	elements := make([]nftables.SetElement, 0, len(list))
	for _, address := range list {
		four := address.As4()
		elements = append(elements, nftables.SetElement{Key: four[:]})
	}
	if err := t.connection.AddSet(set, elements); err != nil && t.failed == nil {
		t.failed = err
	}
	t.pending += 2
	return []expr.Any{f.load(), &expr.Lookup{SourceRegister: 1, SetName: set.Name, SetID: set.ID, Invert: invert}}
}

// Protocol is met by packets of a transport, such as unix.IPPROTO_TCP.
func Protocol(number byte) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{number}},
	}
}

// Ports is met by packets to one of these ports; Protocol must stand before it.
func Ports(first, last uint16) []expr.Any {
	return []expr.Any{
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Cmp{Op: expr.CmpOpGte, Register: 1, Data: binary.BigEndian.AppendUint16(nil, first)},
		&expr.Cmp{Op: expr.CmpOpLte, Register: 1, Data: binary.BigEndian.AppendUint16(nil, last)},
	}
}

// From is met by packets that came in by the device.
func From(device string) []expr.Any { return link(expr.MetaKeyIIFNAME, expr.CmpOpEq, device+"\x00") }

// NotFrom is met by packets that came in by another device.
func NotFrom(device string) []expr.Any {
	return link(expr.MetaKeyIIFNAME, expr.CmpOpNeq, device+"\x00")
}

// NotTo is met by packets that leave by none of the devices whose names begin so.
func NotTo(beginning string) []expr.Any { return link(expr.MetaKeyOIFNAME, expr.CmpOpNeq, beginning) }

func link(key expr.MetaKey, operator expr.CmpOp, name string) []expr.Any {
	return []expr.Any{&expr.Meta{Key: key, Register: 1}, &expr.Cmp{Op: operator, Register: 1, Data: []byte(name)}}
}

// Marked is met by packets of sockets with this mark.
func Marked(mark uint32) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyMARK, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.NativeEndian.PutUint32(mark)},
	}
}

// Reply is met by packets that answer those which a connection began with.
func Reply() []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: expr.CtKeyDIRECTION, Register: 1}, &expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{1}},
	}
}

// Related is met by what belongs to a connection without being of it, such as errors of ICMP.
func Related() []expr.Any { return bits(expr.CtKeySTATE, expr.CtStateBitRELATED) }

// Invalid is met by what belongs to no connection and cannot begin one.
func Invalid() []expr.Any { return bits(expr.CtKeySTATE, expr.CtStateBitINVALID) }

// Translated is met by packets of connections whose destination was replaced.
func Translated() []expr.Any { return bits(expr.CtKeySTATUS, destinationReplaced) }

// destinationReplaced is IPS_DST_NAT of linux/netfilter/nf_conntrack_common.h.
const destinationReplaced = 1 << 5

func bits(key expr.CtKey, bit uint32) []expr.Any {
	return []expr.Any{
		&expr.Ct{Key: key, Register: 1},
		&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 4, Mask: binaryutil.NativeEndian.PutUint32(bit), Xor: make([]byte, 4)},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: make([]byte, 4)},
	}
}

// OneIn is met by the first of so many connections in a row.
func OneIn(count int) []expr.Any {
	return []expr.Any{
		&expr.Numgen{Register: 1, Modulus: uint32(count), Type: unix.NFT_NG_INCREMENTAL},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: make([]byte, 4)},
	}
}

// What becomes of a packet.
var (
	Accept = []expr.Any{&expr.Verdict{Kind: expr.VerdictAccept}}
	Drop   = []expr.Any{&expr.Verdict{Kind: expr.VerdictDrop}}
	Return = []expr.Any{&expr.Verdict{Kind: expr.VerdictReturn}}
)

// Jump goes on in another chain, and comes back.
func Jump(chain string) []expr.Any {
	return []expr.Any{&expr.Verdict{Kind: expr.VerdictJump, Chain: chain}}
}

// SendTo replaces the destination.
func SendTo(to netip.AddrPort) []expr.Any {
	return []expr.Any{
		immediate(1, to.Addr()), &expr.Immediate{Register: 2, Data: binary.BigEndian.AppendUint16(nil, to.Port())},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1, RegProtoMin: 2},
	}
}

// SendFrom replaces the source's address.
func SendFrom(from netip.Addr) []expr.Any {
	return []expr.Any{
		immediate(1, from), &expr.NAT{Type: expr.NATTypeSourceNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1},
	}
}

func immediate(register uint32, address netip.Addr) expr.Any {
	four := address.As4()
	return &expr.Immediate{Register: register, Data: four[:]}
}
