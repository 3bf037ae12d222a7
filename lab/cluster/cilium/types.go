package cilium

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The parts of Cilium's custom resources that the programs read and write
// (https://docs.cilium.io/en/v1.19/network/bgp-control-plane/bgp-control-plane-v2/).

type ciliumNode struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              ciliumNodeSpec   `json:"spec"`
	Status            ciliumNodeStatus `json:"status,omitempty"`
}

type ciliumNodeSpec struct {
	Addresses []ciliumNodeAddress `json:"addresses,omitempty"`
	IPAM      ciliumNodeIPAM      `json:"ipam"`
}

type ciliumNodeAddress struct {
	Type string `json:"type"`
	IP   string `json:"ip"`
}

type ciliumNodeIPAM struct {
	PodCIDRs []string `json:"podCIDRs,omitempty"`
}

type ciliumNodeStatus struct {
	IPAM struct {
		OperatorStatus struct {
			Error string `json:"error,omitempty"`
		} `json:"operator-status,omitempty"`
	} `json:"ipam,omitempty"`
}

type conditionStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

type bgpClusterConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		NodeSelector *metav1.LabelSelector `json:"nodeSelector,omitempty"`
		BGPInstances []bgpInstance         `json:"bgpInstances"`
	} `json:"spec"`
	Status conditionStatus `json:"status,omitempty"`
}

type bgpInstance struct {
	Name      string    `json:"name"`
	LocalASN  int64     `json:"localASN,omitempty"`
	LocalPort int32     `json:"localPort,omitempty"`
	RouterID  string    `json:"routerID,omitempty"`
	Peers     []bgpPeer `json:"peers,omitempty"`
}

type bgpPeer struct {
	Name          string         `json:"name"`
	PeerAddress   string         `json:"peerAddress,omitempty"`
	PeerASN       int64          `json:"peerASN,omitempty"`
	LocalAddress  string         `json:"localAddress,omitempty"`
	LocalPort     int32          `json:"localPort,omitempty"`
	PeerConfigRef *nameRef       `json:"peerConfigRef,omitempty"`
	AutoDiscovery *autoDiscovery `json:"autoDiscovery,omitempty"`
}

type nameRef struct {
	Name string `json:"name"`
}

type autoDiscovery struct {
	Mode string `json:"mode"`
}

type bgpNodeOverride struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		BGPInstances []bgpInstance `json:"bgpInstances"`
	} `json:"spec"`
}

type bgpNodeConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              bgpNodeConfigSpec   `json:"spec"`
	Status            bgpNodeConfigStatus `json:"status,omitempty"`
}

type bgpNodeConfigSpec struct {
	BGPInstances []bgpInstance `json:"bgpInstances"`
}

type bgpNodeConfigStatus struct {
	BGPInstances []bgpInstanceStatus `json:"bgpInstances,omitempty"`
	Conditions   []metav1.Condition  `json:"conditions,omitempty"`
}

type bgpInstanceStatus struct {
	Name     string          `json:"name"`
	LocalASN int64           `json:"localASN,omitempty"`
	Peers    []bgpPeerStatus `json:"peers,omitempty"`
}

type bgpPeerStatus struct {
	Name            string          `json:"name"`
	PeerAddress     string          `json:"peerAddress"`
	PeerASN         int64           `json:"peerASN,omitempty"`
	PeeringState    string          `json:"peeringState,omitempty"`
	EstablishedTime string          `json:"establishedTime,omitempty"`
	RouteCount      []bgpRouteCount `json:"routeCount,omitempty"`
	Timers          *bgpTimerStatus `json:"timers,omitempty"`
}

type bgpRouteCount struct {
	AFI        string `json:"afi"`
	SAFI       string `json:"safi"`
	Received   int64  `json:"received"`
	Advertised int64  `json:"advertised"`
}

type bgpTimerStatus struct {
	AppliedHoldTimeSeconds  int64 `json:"appliedHoldTimeSeconds,omitempty"`
	AppliedKeepaliveSeconds int64 `json:"appliedKeepaliveSeconds,omitempty"`
}

type bgpPeerConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              bgpPeerConfigSpec `json:"spec"`
	Status            conditionStatus   `json:"status,omitempty"`
}

type bgpPeerConfigSpec struct {
	AuthSecretRef string `json:"authSecretRef,omitempty"`
	EBGPMultihop  int32  `json:"ebgpMultihop,omitempty"`
	Timers        *struct {
		ConnectRetryTimeSeconds int32 `json:"connectRetryTimeSeconds,omitempty"`
		HoldTimeSeconds         int32 `json:"holdTimeSeconds,omitempty"`
		KeepAliveTimeSeconds    int32 `json:"keepAliveTimeSeconds,omitempty"`
	} `json:"timers,omitempty"`
	GracefulRestart *struct {
		Enabled            bool  `json:"enabled"`
		RestartTimeSeconds int32 `json:"restartTimeSeconds,omitempty"`
	} `json:"gracefulRestart,omitempty"`
	Transport *struct {
		PeerPort int32 `json:"peerPort,omitempty"`
	} `json:"transport,omitempty"`
	Families []bgpFamily `json:"families,omitempty"`
}

type bgpFamily struct {
	AFI            string                `json:"afi"`
	SAFI           string                `json:"safi"`
	Advertisements *metav1.LabelSelector `json:"advertisements,omitempty"`
}

type bgpAdvertisement struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Advertisements []advertisement `json:"advertisements"`
	} `json:"spec"`
}

type advertisement struct {
	AdvertisementType string                `json:"advertisementType"`
	Selector          *metav1.LabelSelector `json:"selector,omitempty"`
	Service           *struct {
		Addresses             []string `json:"addresses"`
		AggregationLengthIPv4 *int     `json:"aggregationLengthIPv4,omitempty"`
	} `json:"service,omitempty"`
	Attributes *struct {
		Communities *struct {
			Standard  []string `json:"standard,omitempty"`
			WellKnown []string `json:"wellKnown,omitempty"`
			Large     []string `json:"large,omitempty"`
		} `json:"communities,omitempty"`
		LocalPreference *int64 `json:"localPreference,omitempty"`
	} `json:"attributes,omitempty"`
}

type loadBalancerPool struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		AllowFirstLastIPs string                `json:"allowFirstLastIPs,omitempty"`
		Blocks            []poolBlock           `json:"blocks,omitempty"`
		Disabled          bool                  `json:"disabled,omitempty"`
		ServiceSelector   *metav1.LabelSelector `json:"serviceSelector,omitempty"`
	} `json:"spec"`
	Status conditionStatus `json:"status,omitempty"`
}

type l2Policy struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		NodeSelector    *metav1.LabelSelector `json:"nodeSelector,omitempty"`
		ServiceSelector *metav1.LabelSelector `json:"serviceSelector,omitempty"`
		Interfaces      []string              `json:"interfaces,omitempty"`
		ExternalIPs     bool                  `json:"externalIPs,omitempty"`
		LoadBalancerIPs bool                  `json:"loadBalancerIPs,omitempty"`
	} `json:"spec"`
}

type poolBlock struct {
	CIDR  string `json:"cidr,omitempty"`
	Start string `json:"start,omitempty"`
	Stop  string `json:"stop,omitempty"`
}

// serviceLabels are what selectors of services match: the labels, and the name and namespace under
// Cilium's own keys.
func serviceLabels(service *corev1.Service) map[string]string {
	labels := map[string]string{}
	for key, value := range service.Labels {
		labels[key] = value
	}
	labels["io.kubernetes.service.namespace"] = service.Namespace
	labels["io.kubernetes.service.name"] = service.Name
	return labels
}
