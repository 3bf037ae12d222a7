package kubelet

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"time"
)

// settings are the options that may change while the node runs, and the arguments read from them:
// labels, machine size and kubelet arguments. Taints matter only to a node that is new, and name,
// address and kubeconfig stay what they were at the start.
type settings struct {
	options Options
	args    arguments
}

// Validate refuses options that Run would refuse, in the kubelet's words.
func Validate(o Options) error {
	if _, _, err := validate(o); err != nil {
		return fmt.Errorf("kubelet %s: %w", o.NodeName, err)
	}
	return nil
}

// Complain writes the last words of a kubelet that does not start, as klog has them (k8s.io/component-base/cli, run).
func Complain(err error) {
	now := time.Now()
	fmt.Fprintf(os.Stderr, "E%s %7d run.go:72] \"command failed\" err=%q\n", now.Format("0102 15:04:05.000000"), os.Getpid(), err)
}

func validate(o Options) (*settings, netip.Addr, error) {
	if o.NodeName == "" {
		return nil, netip.Addr{}, fmt.Errorf("NodeName is empty; it must be the name of the client certificate's node")
	}
	address, err := netip.ParseAddr(o.NodeIP)
	if err != nil || !address.Is4() {
		return nil, netip.Addr{}, fmt.Errorf("NodeIP %q is not an IPv4 address", o.NodeIP)
	}
	if o.MemoryMiB <= 0 || o.CPUs <= 0 {
		return nil, netip.Addr{}, fmt.Errorf("MemoryMiB and CPUs must be positive, got %d and %d", o.MemoryMiB, o.CPUs)
	}
	args, err := parseArguments(o.Args)
	if err != nil {
		return nil, netip.Addr{}, err
	}
	if err := checkDropIns(o.ConfigDir); err != nil {
		return nil, netip.Addr{}, err
	}
	return &settings{options: o, args: args}, address, nil
}

// follow applies the options that come from reload until ctx ends. A real kubelet does not start with wrong ones, while containers
// live on: this one falls silent until others come.
func (k *kubelet) follow(ctx context.Context, reload <-chan Options) {
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-reload:
			if err := k.apply(o); err != nil {
				k.silent.Store(true)
				Complain(err)
			}
		}
	}
}

func (k *kubelet) apply(o Options) error {
	parsed, address, err := validate(o)
	if err != nil {
		return err
	}
	if o.NodeName != k.options.NodeName || address != k.nodeIP || o.Kubeconfig != k.options.Kubeconfig {
		return fmt.Errorf("node %s at %s cannot become %s at %s while it runs", k.options.NodeName, k.nodeIP, o.NodeName, address)
	}
	k.settings.Store(parsed)
	k.silent.Store(false)
	k.log.Info("options read again")
	for _, part := range []chan struct{}{k.reloaded, k.leaseDue} {
		select {
		case part <- struct{}{}:
		default:
		}
	}
	return nil
}
