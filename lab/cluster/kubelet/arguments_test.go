package kubelet

import (
	"strings"
	"testing"
	"time"
)

func TestUsageNamesExactlyTheFlagsThatAreTaken(t *testing.T) {
	for _, line := range strings.Split(Usage(), "\n") {
		name, _, flag := strings.Cut(strings.TrimPrefix(line, "      --"), " ")
		if !flag || !strings.HasPrefix(line, "      --") {
			continue
		}
		if _, err := parseArguments([]string{name + "="}); err != nil && strings.Contains(err.Error(), "unknown flag") {
			t.Errorf("%s is listed and not taken", name)
		}
	}
	for _, name := range []string{"max-pods", "v", "feature-gates"} {
		if !strings.Contains(Usage(), "      --"+name+" ") {
			t.Errorf("%s is taken and not listed", name)
		}
	}
}

func TestArgumentsChangeTheNode(t *testing.T) {
	parsed, err := parseArguments([]string{"max-pods=50", "--system-reserved=memory=1Gi,cpu=500m", "node-status-update-frequency=4s"})
	if err != nil {
		t.Fatal(err)
	}
	if parsed.maxPods != 50 || parsed.statusFrequency != 4*time.Second {
		t.Fatalf("got %d pods and %s", parsed.maxPods, parsed.statusFrequency)
	}
	k := &kubelet{}
	k.settings.Store(&settings{options: Options{MemoryMiB: 8192, CPUs: 4}, args: parsed})
	capacity, allocatable := k.resources()
	if got := allocatable.Memory().Value(); got != (8192-1024-100)<<20 {
		t.Fatalf("allocatable memory is %d", got)
	}
	if got := allocatable.Cpu().MilliValue(); got != 3500 || capacity.Cpu().MilliValue() != 4000 {
		t.Fatalf("allocatable CPU is %dm", got)
	}
}

func TestArgumentsAreRefusedInTheKubeletsWords(t *testing.T) {
	for argument, want := range map[string]string{
		"foo=1":                           "unknown flag: --foo",
		"max-pods=many":                   `invalid argument "many" for "--max-pods" flag`,
		"kube-reserved=disk=1Gi":          `cannot reserve "disk" resource`,
		"image-gc-high-threshold=101":     "must be between 0 and 100",
		"node-status-update-frequency=0s": "must be longer than 0s",
	} {
		if _, err := parseArguments([]string{argument}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", argument, err, want)
		}
	}
}
