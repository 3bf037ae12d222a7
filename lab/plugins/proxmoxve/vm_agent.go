package proxmoxve

import (
	"context"
	"net/netip"
)

// guestInterfaces are the answer of the guest's agent.
type guestInterfaces []struct {
	Name      string `json:"name"`
	MAC       string `json:"hardware-address"`
	Addresses []struct {
		Address string `json:"ip-address"`
		Prefix  int    `json:"prefix"`
		Type    string `json:"ip-address-type"`
	} `json:"ip-addresses"`
}

func (v vmCalls) agentInterfaces(ctx context.Context) (guestInterfaces, error) {
	var answer struct {
		Result guestInterfaces `json:"result"`
	}
	err := v.get(ctx, v.path("agent/network-get-interfaces"), nil, &answer)
	return answer.Result, err
}

// complete is whether there are the addresses that are waited for: of the families named, else any.
func (g guestInterfaces) complete(wanted block) bool {
	four, six := false, false
	for _, one := range g {
		for _, found := range one.Addresses {
			address, err := netip.ParseAddr(found.Address)
			if err != nil || address.IsLoopback() || address.IsLinkLocalUnicast() {
				continue
			}
			four, six = four || address.Is4(), six || address.Is6()
		}
	}
	needFour, needSix := wanted.flag("ipv4", false), wanted.flag("ipv6", false)
	if !needFour && !needSix {
		return four || six
	}
	return (four || !needFour) && (six || !needSix)
}

func (g guestInterfaces) store(state block) {
	var names, macs, fours, sixes []any
	for _, one := range g {
		four, six := []any{}, []any{}
		for _, found := range one.Addresses {
			if found.Type == "ipv4" {
				four = append(four, found.Address)
			} else {
				six = append(six, found.Address)
			}
		}
		names, macs = append(names, one.Name), append(macs, one.MAC)
		fours, sixes = append(fours, four), append(sixes, six)
	}
	state["networkInterfaceNames"], state["macAddresses"] = names, macs
	state["ipv4Addresses"], state["ipv6Addresses"] = fours, sixes
}
