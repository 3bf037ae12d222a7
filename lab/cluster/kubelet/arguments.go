package kubelet

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// arguments are the kubelet flags that change what this stand-in does.
type arguments struct {
	maxPods         int64
	statusFrequency time.Duration
	systemReserved  corev1.ResourceList
	kubeReserved    corev1.ResourceList
	evictionMemory  resource.Quantity
	// clusterDNS and clusterDomain are in the place of the cluster's own in pods, if they are set.
	clusterDNS    []string
	clusterDomain string
}

// check verifies the value of a flag that is known but changes nothing here.
type check func(value string) error

// known flags of the kubelet (https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/)
// beside those that arguments holds. Their values are checked and then ignored.
var known = map[string]check{
	"allowed-unsafe-sysctls":            anyText,
	"anonymous-auth":                    boolean,
	"authentication-token-webhook":      boolean,
	"authorization-mode":                oneOf("AlwaysAllow", "Webhook"),
	"cgroup-driver":                     oneOf("cgroupfs", "systemd"),
	"client-ca-file":                    anyText,
	"config":                            anyText,
	"config-dir":                        anyText,
	"container-log-max-files":           integer(2, 1<<31),
	"container-log-max-size":            quantity,
	"container-runtime-endpoint":        anyText,
	"containerd":                        anyText,
	"cpu-cfs-quota":                     boolean,
	"cpu-manager-policy":                oneOf("none", "static"),
	"event-burst":                       integer(0, 1<<31),
	"event-qps":                         integer(0, 1<<31),
	"eviction-minimum-reclaim":          anyText,
	"eviction-soft":                     anyText,
	"eviction-soft-grace-period":        anyText,
	"fail-swap-on":                      boolean,
	"feature-gates":                     anyText,
	"image-gc-high-threshold":           integer(0, 100),
	"image-gc-low-threshold":            integer(0, 100),
	"kube-api-burst":                    integer(0, 1<<31),
	"kube-api-qps":                      integer(0, 1<<31),
	"make-iptables-util-chains":         boolean,
	"node-ip":                           addresses,
	"pod-max-pids":                      integer(-1, 1<<31),
	"pods-per-core":                     integer(0, 1<<31),
	"protect-kernel-defaults":           boolean,
	"read-only-port":                    integer(0, 65535),
	"registry-burst":                    integer(0, 1<<31),
	"registry-qps":                      integer(0, 1<<31),
	"resolv-conf":                       anyText,
	"rotate-certificates":               boolean,
	"rotate-server-certificates":        boolean,
	"runtime-request-timeout":           duration,
	"seccomp-default":                   boolean,
	"serialize-image-pulls":             boolean,
	"streaming-connection-idle-timeout": duration,
	"sync-frequency":                    duration,
	"system-reserved-cgroup":            anyText,
	"tls-cipher-suites":                 anyText,
	"tls-min-version":                   oneOf("VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"),
	"topology-manager-policy":           oneOf("none", "best-effort", "restricted", "single-numa-node"),
	"v":                                 integer(0, 10),
	"volume-plugin-dir":                 anyText,
}

// effective are the flags that arguments holds.
var effective = []string{
	"cluster-dns", "cluster-domain", "eviction-hard", "kube-reserved", "max-pods", "node-status-update-frequency",
	"system-reserved",
}

// Usage lists the flags in the form of `kubelet --help`, without what each is for.
func Usage() string {
	names := slices.AppendSeq(slices.Clone(effective), maps.Keys(known))
	slices.Sort(names)
	var text strings.Builder
	text.WriteString("Usage:\n  kubelet [flags]\n\nFlags:\n")
	for _, name := range names {
		fmt.Fprintf(&text, "      --%s value\n", name)
	}
	return text.String()
}

// parseArguments reads `key=value` kubelet arguments; a leading `--` is accepted. The error for an
// unknown key is the kubelet's own, `unknown flag: --foo`.
func parseArguments(list []string) (arguments, error) {
	parsed := arguments{
		maxPods:         110,
		statusFrequency: 10 * time.Second,
		systemReserved:  corev1.ResourceList{},
		kubeReserved:    corev1.ResourceList{},
		evictionMemory:  resource.MustParse("100Mi"),
	}
	for _, argument := range list {
		key, value, given := strings.Cut(strings.TrimPrefix(argument, "--"), "=")
		if !given {
			value = "true"
		}
		if err := parsed.set(key, value); err != nil {
			return arguments{}, err
		}
	}
	return parsed, nil
}

func (a *arguments) set(key, value string) (err error) {
	switch key {
	case "max-pods":
		if err = integer(0, 1<<31-1)(value); err == nil {
			a.maxPods, err = strconv.ParseInt(value, 10, 64)
		}
	case "node-status-update-frequency":
		a.statusFrequency, err = time.ParseDuration(value)
		if err == nil && a.statusFrequency <= 0 {
			err = fmt.Errorf("must be longer than 0s")
		}
	case "system-reserved":
		a.systemReserved, err = reserved(value)
	case "kube-reserved":
		a.kubeReserved, err = reserved(value)
	case "cluster-dns":
		if err = addresses(value); err == nil {
			a.clusterDNS = strings.Split(value, ",")
		}
	case "cluster-domain":
		a.clusterDomain = value
	case "eviction-hard":
		err = a.setEviction(value)
	default:
		check, ok := known[key]
		if !ok {
			return fmt.Errorf("unknown flag: --%s", key)
		}
		err = check(value)
	}
	if err != nil {
		return fmt.Errorf("invalid argument %q for \"--%s\" flag: %w", value, key, err)
	}
	return nil
}

// setEviction takes memory.available of the hard thresholds; a percentage reserves nothing here.
func (a *arguments) setEviction(value string) error {
	a.evictionMemory = resource.Quantity{}
	for _, threshold := range strings.Split(value, ",") {
		signal, limit, ok := strings.Cut(threshold, "<")
		if !ok {
			return fmt.Errorf("invalid eviction threshold syntax %v, expected <signal><operator><value>", threshold)
		}
		if signal != "memory.available" || strings.HasSuffix(limit, "%") {
			continue
		}
		parsed, err := resource.ParseQuantity(limit)
		if err != nil {
			return err
		}
		a.evictionMemory = parsed
	}
	return nil
}

// reserved reads a list such as `cpu=500m,memory=1Gi`.
func reserved(value string) (corev1.ResourceList, error) {
	list := corev1.ResourceList{}
	for _, entry := range strings.Split(value, ",") {
		name, amount, ok := strings.Cut(entry, "=")
		switch {
		case !ok:
			return nil, fmt.Errorf("malformed pair, expect string=string")
		case name != "cpu" && name != "memory" && name != "ephemeral-storage" && name != "pid":
			return nil, fmt.Errorf("cannot reserve %q resource", name)
		}
		parsed, err := resource.ParseQuantity(amount)
		if err != nil {
			return nil, fmt.Errorf("failed to parse quantity %q for %q resource: %w", amount, name, err)
		}
		list[corev1.ResourceName(name)] = parsed
	}
	return list, nil
}

func anyText(string) error { return nil }

func boolean(value string) error {
	_, err := strconv.ParseBool(value)
	return err
}

func duration(value string) error {
	_, err := time.ParseDuration(value)
	return err
}

func quantity(value string) error {
	_, err := resource.ParseQuantity(value)
	return err
}

func addresses(value string) error {
	for _, address := range strings.Split(value, ",") {
		if _, err := netip.ParseAddr(address); err != nil {
			return err
		}
	}
	return nil
}

func oneOf(allowed ...string) check {
	return func(value string) error {
		for _, candidate := range allowed {
			if value == candidate {
				return nil
			}
		}
		return fmt.Errorf("must be one of %s", strings.Join(allowed, ", "))
	}
}

func integer(minimum, maximum int64) check {
	return func(value string) error {
		number, err := strconv.ParseInt(value, 10, 64)
		if err == nil && (number < minimum || number > maximum) {
			err = fmt.Errorf("must be between %d and %d", minimum, maximum)
		}
		return err
	}
}
