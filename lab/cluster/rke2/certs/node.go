package certs

import (
	"fmt"

	"homelab/lab/cluster/rke2/layout"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// NodeNames are what one server's certificates speak for.
type NodeNames struct {
	NodeName, ClusterDomain string
	// SANs are the node's addresses and names, tls-san and the API Service's address.
	SANs []string
}

// EnsureServer makes the certificates of one server below server/tls.
func (c *Cluster) EnsureServer(l layout.Layout, n NodeNames) error {
	api := append([]string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc." + n.ClusterDomain,
	}, n.SANs...)
	masters := []string{"system:masters"}
	for _, leaf := range []struct {
		ca   *CA
		path string
		leaf Leaf
	}{
		{c.Server, "serving-kube-apiserver", Leaf{"kube-apiserver", nil, api, Serve}},
		{c.Client, "client-admin", Leaf{"system:admin", masters, nil, Client}},
		{c.Client, "client-supervisor", Leaf{"system:rke2-supervisor", masters, nil, Client}},
		{c.Client, "client-kube-apiserver", Leaf{"system:apiserver", masters, nil, Client}},
		{c.Client, "client-controller", Leaf{"system:kube-controller-manager", nil, nil, Client}},
		{c.Client, "client-scheduler", Leaf{"system:kube-scheduler", nil, nil, Client}},
		{c.RequestHeader, "client-auth-proxy", Leaf{"system:auth-proxy", nil, nil, Client}},
		{c.EtcdServer, "etcd/client", Leaf{"etcd-client", nil, nil, Client}},
		{c.EtcdServer, "etcd/server-client", Leaf{"etcd-server", nil, n.SANs, Peer}},
		{c.EtcdPeer, "etcd/peer-server-client", Leaf{"etcd-peer", nil, n.SANs, Peer}},
	} {
		if err := leaf.ca.Ensure(l.TLS(leaf.path), leaf.leaf); err != nil {
			return err
		}
	}
	return nil
}

// KubeletLeaf is a node's client certificate, as the Node authorizer expects it.
func KubeletLeaf(node string) Leaf {
	return Leaf{"system:node:" + node, []string{"system:nodes"}, nil, Client}
}

// ServingLeaf is the certificate of a node's kubelet API on port 10250.
func ServingLeaf(node string, addresses ...string) Leaf {
	return Leaf{node, nil, append([]string{node, "localhost", "127.0.0.1"}, addresses...), Serve}
}

// ControllerLeaf is what an agent watches the servers' addresses with.
func ControllerLeaf() Leaf { return Leaf{"system:rke2-controller", nil, nil, Client} }

// WriteKubeconfig writes a kubeconfig that names certificate files.
func WriteKubeconfig(path, server, ca, cert string) error {
	return write(path, api.Cluster{Server: server, CertificateAuthority: ca},
		api.AuthInfo{ClientCertificate: cert + ".crt", ClientKey: cert + ".key"})
}

func write(path string, cluster api.Cluster, user api.AuthInfo) error {
	content, err := Kubeconfig(cluster, user)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return Write(path, content, 0o600)
}

// Kubeconfig is a kubeconfig whose cluster, user and context are all called default.
func Kubeconfig(cluster api.Cluster, user api.AuthInfo) ([]byte, error) {
	config := api.NewConfig()
	config.Clusters["default"] = &cluster
	config.AuthInfos["default"] = &user
	config.Contexts["default"] = &api.Context{Cluster: "default", AuthInfo: "default"}
	config.CurrentContext = "default"
	return clientcmd.Write(*config)
}
