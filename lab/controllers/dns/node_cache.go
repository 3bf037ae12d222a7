package main

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coredns/caddy/caddyfile"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"
)

// nodeCache is what kubernetes/dns puts around CoreDNS: it fills in the Corefile and writes it anew when what it was given
// changes (cmd/node-cache/main.go, app/cache_app.go and app/configmap.go at 1.26.7). The module cannot be had. What it does
// in a host's network is refused, and ConfigMaps for kube-dns are not read.
type nodeCache struct {
	localIPs, base, conf, upstream string
}

// nodeCachePlugins are those that node-cache is built with; CoreDNS does not know any other there.
var nodeCachePlugins = []string{
	"bind", "bufsize", "cache", "debug", "dns64", "errors", "forward", "health", "hosts", "loadbalance", "log", "loop",
	"prometheus", "pprof", "reload", "rewrite", "template", "timeouts", "trace", "whoami",
}

// syncEvery is how often it looks for another Corefile (DefaultConfigSyncPeriod).
const syncEvery = 10 * time.Second

// runNodeCache is its main: flags of its own beside CoreDNS's, then CoreDNS.
func runNodeCache() {
	var c nodeCache
	var setUpInterface, setUpIptables bool
	flag.StringVar(&c.localIPs, "localip", "", "comma-separated string of ip addresses to bind dnscache to")
	flag.BoolVar(&setUpInterface, "setupinterface", true, "indicates whether network interface should be setup")
	flag.BoolVar(&setUpIptables, "setupiptables", true, "indicates whether iptables rules should be setup")
	flag.Bool("skipteardown", false, "indicates whether iptables rules should be torn down on exit")
	flag.String("interfacename", "nodelocaldns", "name of the interface to be created")
	flag.String("metrics-listen-address", "0.0.0.0:9353", "address to serve metrics on")
	flag.String("health-port", "8080", "port used by health plugin")
	flag.StringVar(&c.base, "basecorefile", "/etc/coredns/Corefile.base", "Path to the template Corefile for node-cache")
	flag.StringVar(&c.upstream, "upstreamsvc", "kube-dns", "Service name whose cluster IP is upstream for node-cache")
	flag.Parse()
	// CoreDNS's own flag; node-cache takes what it says for the file to write, and its default for none.
	c.conf = flag.Lookup("conf").Value.String()
	if setUpInterface || setUpIptables {
		exit("the lab's node-cache runs in pods' own network: use -setupinterface=false -setupiptables=false")
	}
	for text := range strings.SplitSeq(c.localIPs, ",") {
		if net.ParseIP(text) == nil {
			exit(fmt.Sprintf("Error parsing flags - invalid localip specified - %q, Exiting", text))
		}
	}
	written, err := c.write(nil)
	if err != nil {
		// The real one logs it, and CoreDNS then finds no file.
		exit(err.Error())
	}
	go func() {
		for range time.Tick(syncEvery) {
			if next, err := c.write(written); err != nil {
				fmt.Fprintln(os.Stderr, "[ERROR]", err)
			} else {
				written = next
			}
		}
	}()
	coremain.Run()
}

func exit(text string) {
	fmt.Fprintln(os.Stderr, "[FATAL]", text)
	os.Exit(1)
}

// write fills in the Corefile and writes it where it differs from what was written; it returns what is.
func (c nodeCache) write(written []byte) ([]byte, error) {
	base, err := os.ReadFile(c.base)
	if err != nil {
		return written, fmt.Errorf("Failed to read node-cache coreFile %s - %w", c.base, err)
	}
	filled := c.fill(base)
	if written != nil && bytes.Equal(written, filled) {
		return written, nil
	}
	if err := known(c.base, filled); err != nil {
		return written, err
	}
	if err := os.WriteFile(c.conf, filled, 0o666); err != nil {
		return written, fmt.Errorf("Failed to write config file %s - err %w", c.conf, err)
	}
	return filled, nil
}

// fill replaces what node-cache knows; without a ConfigMap for kube-dns all other names go to the pod's resolv.conf.
func (c nodeCache) fill(base []byte) []byte {
	variable := strings.ToUpper(strings.ReplaceAll(c.upstream, "-", "_")) + "_SERVICE_HOST"
	replacer := strings.NewReplacer(
		"__PILLAR__UPSTREAM__SERVERS__", "/etc/resolv.conf",
		// A service that is not in the environment gives "<nil>", which CoreDNS refuses.
		"__PILLAR__CLUSTER__DNS__", net.ParseIP(os.Getenv(variable)).String(),
		"__PILLAR__LOCAL__DNS__", strings.ReplaceAll(c.localIPs, ",", " "),
		"__PILLAR__DNS__SERVER__", "",
	)
	return []byte(replacer.Replace(string(base)))
}

// known refuses a plugin that node-cache has not, in CoreDNS's words.
func known(file string, corefile []byte) error {
	blocks, err := caddyfile.Parse(file, bytes.NewReader(corefile), dnsserver.Directives)
	if err != nil {
		return err
	}
	for _, block := range blocks {
		for directive, tokens := range block.Tokens {
			if !slices.Contains(nodeCachePlugins, directive) {
				return fmt.Errorf("%s:%d - Error during parsing: Unknown directive '%s'", file, tokens[0].Line, directive)
			}
		}
	}
	return nil
}
