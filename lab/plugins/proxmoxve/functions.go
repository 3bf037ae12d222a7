package proxmoxve

import (
	"context"
	"fmt"
	"net/url"
	"sort"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"homelab/lab/plugins/provider"
)

// listed is a VM in a node's list.
type listed struct {
	VMID     int    `json:"vmid"`
	Name     string `json:"name"`
	Status   string `json:"status"`
	Tags     string `json:"tags"`
	Template any    `json:"template"`
}

func (l listed) block(node string) block {
	return block{
		"vmId": float64(l.VMID), "name": l.Name, "nodeName": node, "status": l.Status,
		"tags":     anyTexts(config{"tags": l.Tags}.tags()),
		"template": fmt.Sprint(l.Template) == "1" || l.Template == true,
	}
}

func (p *plugin) nodes(ctx context.Context, a *api) ([]string, error) {
	var found []struct {
		Node string `json:"node"`
	}
	if err := a.get(ctx, "nodes", nil, &found); err != nil {
		return nil, fmt.Errorf("error listing nodes: %w", err)
	}
	var names []string
	for _, one := range found {
		names = append(names, one.Node)
	}
	sort.Strings(names)
	return names, nil
}

// getVMs lists the VMs of all nodes.
func (p *plugin) getVMs(ctx context.Context, args provider.Map) (provider.Map, error) {
	a, err := p.client()
	if err != nil {
		return nil, err
	}
	if len(args) > 0 {
		return nil, fmt.Errorf("the lab's proxmoxve plugin does not serve the arguments of getVmsLegacy (%v); "+
			"filter the result", args)
	}
	nodes, err := p.nodes(ctx, a)
	if err != nil {
		return nil, err
	}
	vms := []block{}
	for _, node := range nodes {
		var found []listed
		if err := a.get(ctx, "nodes/"+url.PathEscape(node)+"/qemu", nil, &found); err != nil {
			return nil, fmt.Errorf("error listing the VMs of node %s: %w", node, err)
		}
		sort.Slice(found, func(i, j int) bool { return found[i].VMID < found[j].VMID })
		for _, one := range found {
			vms = append(vms, one.block(node))
		}
	}
	return resource.NewPropertyMapFromMap(block{"id": "vms", "vms": anyBlocks(vms)}), nil
}

// getNodes lists the cluster's nodes.
func (p *plugin) getNodes(ctx context.Context, _ provider.Map) (provider.Map, error) {
	a, err := p.client()
	if err != nil {
		return nil, err
	}
	var found []struct {
		Node    string  `json:"node"`
		Status  string  `json:"status"`
		CPU     float64 `json:"cpu"`
		MaxCPU  float64 `json:"maxcpu"`
		Mem     float64 `json:"mem"`
		MaxMem  float64 `json:"maxmem"`
		Uptime  float64 `json:"uptime"`
		SSL     string  `json:"ssl_fingerprint"`
		Support string  `json:"level"`
	}
	if err := a.get(ctx, "nodes", nil, &found); err != nil {
		return nil, fmt.Errorf("error listing nodes: %w", err)
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Node < found[j].Node })
	columns := map[string][]any{}
	for _, name := range []string{"names", "onlines", "cpuCounts", "cpuUtilizations",
		"memoryAvailables", "memoryUseds", "uptimes", "sslFingerprints", "supportLevels"} {
		columns[name] = []any{}
	}
	for _, one := range found {
		for name, value := range map[string]any{
			"names": one.Node, "onlines": one.Status == "online", "cpuCounts": one.MaxCPU,
			"cpuUtilizations": one.CPU, "memoryAvailables": one.MaxMem, "memoryUseds": one.Mem,
			"uptimes": one.Uptime, "sslFingerprints": one.SSL, "supportLevels": one.Support,
		} {
			columns[name] = append(columns[name], value)
		}
	}
	result := block{"id": "nodes"}
	for name, values := range columns {
		result[name] = values
	}
	return resource.NewPropertyMapFromMap(result), nil
}
