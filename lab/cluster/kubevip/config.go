package kubevip

import (
	"fmt"
	"net/netip"
	"strconv"
	"time"
)

// config is what the environment of kube-vip's manifest says
// (https://kube-vip.io/docs/installation/flags/).
type config struct {
	address   netip.Addr
	port      int
	link      string
	namespace string
	lease     string
	holder    string
	duration  time.Duration
	deadline  time.Duration
	retry     time.Duration
}

// refused are features whose environment variable must be absent, empty or false, with what they are.
var refused = map[string]string{
	"bgp_enable":            "BGP mode",
	"dns_mode":              "DNS mode",
	"enable_wireguard":      "WireGuard mode",
	"vip_ddns":              "dynamic DNS",
	"svc_enable":            "addresses of Services",
	"lb_enable":             "IPVS load balancing",
	"egress_clean":          "egress",
	"vip_cloud":             "cloud addresses",
	"mirror_dest_interface": "traffic mirroring",
}

// parse reads the environment; holder is used where vip_nodename is not set.
func parse(env map[string]string, holder string) (config, error) {
	c := config{namespace: "kube-system", lease: "plndr-cp-lock", holder: holder, link: env["vip_interface"]}
	for name, feature := range refused {
		// dns_mode's default only says how an address that is a name would be looked up.
		if value := env[name]; value != "" && value != "false" && name+value != "dns_modefirst" {
			return c, fmt.Errorf("%s=%s: the lab's kube-vip has no %s; it only moves the control plane's address by ARP", name, value, feature)
		}
	}
	for _, name := range []string{"vip_arp", "cp_enable", "vip_leaderelection"} {
		if env[name] != "true" {
			return c, fmt.Errorf("%s=%q: must be \"true\"; the lab's kube-vip only moves the control plane's address by ARP with leader election", name, env[name])
		}
	}
	text := env["address"]
	if text == "" {
		text = env["vip_address"]
	}
	address, err := netip.ParseAddr(text)
	if err != nil || !address.Is4() {
		return c, fmt.Errorf("address=%q: must be one IPv4 address", text)
	}
	c.address = address
	if subnet := env["vip_subnet"]; subnet != "" && subnet != "32" && subnet != "/32" {
		return c, fmt.Errorf("vip_subnet=%q: the lab's kube-vip only adds the address as /32", subnet)
	}
	if subnet := env["vip_cidr"]; subnet != "" && subnet != "32" {
		return c, fmt.Errorf("vip_cidr=%q: the lab's kube-vip only adds the address as /32", subnet)
	}
	if c.port, err = number(env, "port", 6443, 65535); err != nil {
		return c, err
	}
	for name, field := range map[string]struct {
		value    *time.Duration
		standard int
	}{
		"vip_leaseduration": {&c.duration, 15},
		"vip_renewdeadline": {&c.deadline, 10},
		"vip_retryperiod":   {&c.retry, 2},
	} {
		seconds, err := number(env, name, field.standard, 3600)
		if err != nil {
			return c, err
		}
		*field.value = time.Duration(seconds) * time.Second
	}
	for name, field := range map[string]*string{
		"cp_namespace": &c.namespace, "vip_leasename": &c.lease, "vip_nodename": &c.holder,
	} {
		if value := env[name]; value != "" {
			*field = value
		}
	}
	return c, nil
}

func number(env map[string]string, name string, standard, maximum int) (int, error) {
	text := env[name]
	if text == "" {
		return standard, nil
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < 1 || value > maximum {
		return 0, fmt.Errorf("%s=%q: must be a whole number from 1 to %d", name, text, maximum)
	}
	return value, nil
}
