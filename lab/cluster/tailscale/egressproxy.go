package tailscale

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"path"
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"homelab/lab/cluster/kubelet/program"
	"homelab/lab/machines/tailscale/control"
)

// egressFolder is where a group's ConfigMap is mounted, and keyEgress its file there, and the key of a proxy's Secret with
// what it has done of it (kube/egressservices/egressservices.go).
const (
	egressFolder = "/etc/proxies"
	keyEgress    = "egress-services"
)

// egressTold is what proxies are told of a Service.
type egressTold struct {
	HealthCheckEndpoint string        `json:"healthCheckEndpoint"`
	TailnetTarget       tailnetTarget `json:"tailnetTarget"`
	Ports               []egressPort  `json:"ports"`
}

type tailnetTarget struct {
	IP   string `json:"ip"`
	FQDN string `json:"fqdn"`
}

type egressPort struct {
	Protocol   string `json:"protocol"`
	MatchPort  uint16 `json:"matchPort"`
	TargetPort uint16 `json:"targetPort"`
}

// egressStatus is what a proxy has done.
type egressStatus struct {
	PodIPv4  string                 `json:"podIPv4"`
	Services map[string]*egressDone `json:"services"`
}

type egressDone struct {
	Ports            []egressPort  `json:"ports"`
	TailnetTargetIPs []netip.Addr  `json:"tailnetTargetIPs"`
	TailnetTarget    tailnetTarget `json:"tailnetTarget"`
}

// egressProxy is the pod of a group of egress.
type egressProxy struct {
	*device
	container program.Container
	// told is what it did last, as it read it; said what it said of that.
	told  map[string]egressTold
	said  string
	doors doors
}

// look compares what it is told with what it did. It looks for hosts when it is told something else, and not when another
// device comes into sight (cmd/containerboot/egressservices.go: run, shouldResync).
func (p *egressProxy) look(ctx context.Context, seen control.MapResponse) {
	status, err := p.sync(ctx, seen)
	if err == nil && status != nil {
		err = p.doors.set(ctx, p.device, p.container.PodIP, status.Services)
	}
	if err != nil && ctx.Err() == nil {
		p.log.Warn("error syncing egress service config, trying again", "error", err)
	}
}

// sync gives what is done now, and nothing where nothing has changed.
func (p *egressProxy) sync(ctx context.Context, seen control.MapResponse) (*egressStatus, error) {
	files, err := p.mounted(ctx)
	if err != nil {
		return nil, err
	}
	told := map[string]egressTold{}
	if text := files[keyEgress]; text != "" {
		if err := json.Unmarshal([]byte(text), &told); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", egressFolder, keyEgress, err)
		}
	}
	if p.told != nil && reflect.DeepEqual(told, p.told) {
		return nil, nil
	}
	status := &egressStatus{PodIPv4: p.container.PodIP.String(), Services: map[string]*egressDone{}}
	for name, one := range told {
		// One whose host was not found is done too, with no address.
		status.Services[name] = &egressDone{Ports: one.Ports, TailnetTargetIPs: p.resolve(one.TailnetTarget, seen.Peers), TailnetTarget: one.TailnetTarget}
	}
	text, err := json.Marshal(status)
	if err != nil {
		return nil, err
	}
	if string(text) != p.said {
		patch, err := json.Marshal(map[string]any{"data": map[string][]byte{keyEgress: text}})
		if err != nil {
			return nil, err
		}
		if _, err := p.client.CoreV1().Secrets(p.namespace).Patch(ctx, p.secret, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			return nil, err
		}
	}
	p.told, p.said = told, string(text)
	return status, nil
}

// resolve finds the addresses of a host among the devices that the policy lets this one see; none is no error.
func (p *egressProxy) resolve(target tailnetTarget, peers []control.Peer) []netip.Addr {
	if address, err := netip.ParseAddr(target.IP); err == nil {
		return []netip.Addr{address}
	}
	plain := func(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }
	for _, peer := range peers {
		if plain(peer.Name) != plain(target.FQDN) {
			continue
		}
		var addresses []netip.Addr
		for _, text := range peer.Addresses {
			if address, err := netip.ParseAddr(text); err == nil {
				addresses = append(addresses, address)
			}
		}
		return addresses
	}
	p.log.Warn(fmt.Sprintf("error fetching backend addresses for %q: could not find Tailscale node, service or 4via6 address", target.FQDN))
	return nil
}

// mounted are the files of the ConfigMap.
func (p *egressProxy) mounted(ctx context.Context) (map[string]string, error) {
	for _, mount := range p.container.Spec.VolumeMounts {
		if mount.MountPath == egressFolder {
			return p.container.ConfigVolume(ctx, mount.Name)
		}
	}
	return nil, fmt.Errorf("%s: no volume is mounted there", egressFolder)
}

// mountedConfig reads the settings of a group's proxy, which are not in the Secret with its state.
func mountedConfig(ctx context.Context, c program.Container) (config proxyConfig, err error) {
	folder := path.Clean(c.Env["TS_EXPERIMENTAL_VERSIONED_CONFIG_DIR"])
	for _, mount := range c.Spec.VolumeMounts {
		if path.Clean(mount.MountPath) != folder {
			continue
		}
		files, err := c.SecretVolume(ctx, mount.Name)
		if err != nil {
			return config, err
		}
		return config, json.Unmarshal([]byte(files[keyConfig]), &config)
	}
	return config, fmt.Errorf("%s: no volume is mounted there", folder)
}
