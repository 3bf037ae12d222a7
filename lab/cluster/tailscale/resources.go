package tailscale

import (
	"bytes"
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const (
	group     = "tailscale.com"
	finalizer = "tailscale.com/finalizer"

	labelManaged         = "tailscale.com/managed"
	labelParentType      = "tailscale.com/parent-resource-type"
	labelParent          = "tailscale.com/parent-resource"
	labelParentNamespace = "tailscale.com/parent-resource-ns"
	labelSecretType      = "tailscale.com/secret-type"
	labelProxyGroup      = "tailscale.com/proxy-group"
	labelServiceType     = "tailscale.com/svc-type"
)

// What a proxy writes into its Secret for the operator.
const (
	keyDeviceID   = "device_id"
	keyDeviceFQDN = "device_fqdn"
	keyDeviceIPs  = "device_ips"
	keyPodUID     = "pod_uid"
)

// keyConfig is the key of a proxy's Secret with its configuration, for clients of capability version 107 and newer.
const keyConfig = "cap-107.hujson"

func kind(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: group, Version: "v1alpha1", Resource: plural}
}

var (
	connectors = kind("connectors")
	dnsConfigs = kind("dnsconfigs")
)

// connector is the part of a Connector that the operator reads and writes
// (https://tailscale.com/kb/1441/kubernetes-operator-connector).
type connector struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              connectorSpec   `json:"spec"`
	Status            connectorStatus `json:"status,omitempty"`
}

type connectorSpec struct {
	Hostname       string   `json:"hostname,omitempty"`
	HostnamePrefix string   `json:"hostnamePrefix,omitempty"`
	Tags           []string `json:"tags,omitempty"`
	Replicas       *int32   `json:"replicas,omitempty"`
	ExitNode       bool     `json:"exitNode,omitempty"`
	ProxyClass     string   `json:"proxyClass,omitempty"`
	Tailnet        string   `json:"tailnet,omitempty"`
	SubnetRouter   *routes  `json:"subnetRouter,omitempty"`
	AppConnector   *struct {
		Routes []string `json:"routes,omitempty"`
	} `json:"appConnector,omitempty"`
}

type routes struct {
	AdvertiseRoutes []string `json:"advertiseRoutes"`
}

type connectorStatus struct {
	Conditions     []metav1.Condition `json:"conditions,omitempty"`
	SubnetRoutes   string             `json:"subnetRoutes,omitempty"`
	IsExitNode     bool               `json:"isExitNode,omitempty"`
	IsAppConnector bool               `json:"isAppConnector,omitempty"`
	Devices        []connectorDevice  `json:"devices,omitempty"`
	Hostname       string             `json:"hostname,omitempty"`
	TailnetIPs     []string           `json:"tailnetIPs,omitempty"`
}

type connectorDevice struct {
	Hostname   string   `json:"hostname"`
	TailnetIPs []string `json:"tailnetIPs"`
}

func (cn *connector) replicas() int32 {
	if cn.Spec.Replicas == nil {
		return 1
	}
	return *cn.Spec.Replicas
}

// proxyConfig is the configuration of a proxy, as tailscaled reads it from a file.
type proxyConfig struct {
	Version         string
	Locked          bool
	AuthKey         string `json:",omitempty"`
	Hostname        string
	AcceptDNS       bool `json:"acceptDNS"`
	AcceptRoutes    bool `json:"acceptRoutes"`
	AdvertiseRoutes []string
}

// readConfig reads the configuration in a proxy's Secret.
func readConfig(secret *corev1.Secret) (config proxyConfig, err error) {
	return config, json.Unmarshal(secret.Data[keyConfig], &config)
}

func decode[T any](object *unstructured.Unstructured) (decoded T, err error) {
	err = runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &decoded)
	return decoded, err
}

// encode turns a typed object into the form that the dynamic client sends.
func encode(object any) (*unstructured.Unstructured, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	encoded := &unstructured.Unstructured{}
	return encoded, json.Unmarshal(text, &encoded.Object)
}

// decodeStrictly reads JSON and refuses a field that the value does not have.
func decodeStrictly(text []byte, value any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(value)
}
