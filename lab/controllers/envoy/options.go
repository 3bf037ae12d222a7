package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// options are what the program is called with.
type options struct {
	cluster, node, config string
}

// Flags that Envoy Gateway gives; those without an effect here are accepted with their values.
var (
	withValue = map[string]bool{
		"service-cluster": true, "service-node": true, "config-yaml": true, "log-level": true, "drain-strategy": true,
		"component-log-level": true, "drain-time-s": true, "concurrency": true,
	}
	withoutValue = map[string]bool{"cpuset-threads": true}
)

func parseOptions(arguments []string) (options, error) {
	values := map[string]string{}
	for i := 0; i < len(arguments); i++ {
		name, value, given := strings.Cut(strings.TrimPrefix(arguments[i], "--"), "=")
		switch {
		case withoutValue[name]:
		case !strings.HasPrefix(arguments[i], "--") || !withValue[name]:
			return options{}, fmt.Errorf("the lab's envoy does not take the argument %s", arguments[i])
		case given:
			values[name] = value
		case i+1 == len(arguments):
			return options{}, fmt.Errorf("--%s: its value is missing", name)
		default:
			i++
			values[name] = arguments[i]
		}
	}
	found := options{values["service-cluster"], values["service-node"], values["config-yaml"]}
	if found.node == "" || found.cluster == "" || found.config == "" {
		return options{}, errors.New("--service-cluster, --service-node and --config-yaml are needed")
	}
	return found, nil
}

// bootstrap is what is read of the configuration that the proxy begins with.
type bootstrap struct {
	admin string
	// stats are the addresses of the static listeners, which serve metrics.
	stats []string
	// control is where Envoy Gateway answers, and certificate and authority the files that name what is shown and trusted.
	control, certificate, authority string
}

type socketAddress struct {
	SocketAddress struct {
		Address   string `json:"address"`
		PortValue int    `json:"port_value"`
	} `json:"socket_address"`
}

func (a socketAddress) text() string {
	return net.JoinHostPort(strings.TrimSuffix(a.SocketAddress.Address, "."), strconv.Itoa(a.SocketAddress.PortValue))
}

type sdsFile struct {
	SdsConfig struct {
		PathConfigSource struct {
			Path string `json:"path"`
		} `json:"path_config_source"`
	} `json:"sds_config"`
}

// writtenBootstrap has the fields that matter here of what internal/xds/bootstrap/bootstrap.yaml.tpl of Envoy Gateway writes.
type writtenBootstrap struct {
	Admin struct {
		Address socketAddress `json:"address"`
	} `json:"admin"`
	DynamicResources struct {
		AdsConfig struct {
			APIType string `json:"api_type"`
		} `json:"ads_config"`
	} `json:"dynamic_resources"`
	StaticResources struct {
		Listeners []struct {
			Address socketAddress `json:"address"`
		} `json:"listeners"`
		Clusters []struct {
			Name           string `json:"name"`
			LoadAssignment struct {
				Endpoints []struct {
					LbEndpoints []struct {
						Endpoint struct {
							Address socketAddress `json:"address"`
						} `json:"endpoint"`
					} `json:"lb_endpoints"`
				} `json:"endpoints"`
			} `json:"load_assignment"`
			TransportSocket struct {
				TypedConfig struct {
					CommonTLSContext struct {
						Certificates []sdsFile `json:"tls_certificate_sds_secret_configs"`
						Authority    sdsFile   `json:"validation_context_sds_secret_config"`
					} `json:"common_tls_context"`
				} `json:"typed_config"`
			} `json:"transport_socket"`
		} `json:"clusters"`
	} `json:"static_resources"`
}

func parseBootstrap(text string) (bootstrap, error) {
	var written writtenBootstrap
	if err := yaml.Unmarshal([]byte(text), &written); err != nil {
		return bootstrap{}, err
	}
	if kind := written.DynamicResources.AdsConfig.APIType; kind != "DELTA_GRPC" {
		return bootstrap{}, fmt.Errorf("dynamic_resources.ads_config.api_type is %q; the lab's envoy speaks DELTA_GRPC", kind)
	}
	found := bootstrap{admin: written.Admin.Address.text()}
	for _, listener := range written.StaticResources.Listeners {
		found.stats = append(found.stats, listener.Address.text())
	}
	for _, cluster := range written.StaticResources.Clusters {
		context := cluster.TransportSocket.TypedConfig.CommonTLSContext
		if cluster.Name != "xds_cluster" {
			continue
		}
		for _, locality := range cluster.LoadAssignment.Endpoints {
			for _, endpoint := range locality.LbEndpoints {
				found.control = endpoint.Endpoint.Address.text()
			}
		}
		for _, file := range context.Certificates {
			found.certificate = file.SdsConfig.PathConfigSource.Path
		}
		found.authority = context.Authority.SdsConfig.PathConfigSource.Path
	}
	if found.control == "" || found.certificate == "" || found.authority == "" {
		return bootstrap{}, errors.New("xds_cluster has no address, certificate or authority")
	}
	return found, nil
}
