package supervisor

import (
	"errors"
	"io"
	"net/http"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/node"

	discovery "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Headers of a request for a node's certificates.
const (
	nodeNameHeader     = "rke2-Node-Name"
	nodePasswordHeader = "rke2-Node-Password"
	nodeIPHeader       = "rke2-Node-IP"
	versionHeader      = "rke2-Version"
)

func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) error {
	if s.client.Load() == nil {
		return unavailable("apiserver not ready")
	}
	s.text(w, []byte("ok"))
	return nil
}

func (s *Server) config(w http.ResponseWriter, r *http.Request) error {
	if v := r.Header.Get(versionHeader); v != "" {
		if err := Skew(s.Settings.Version, v, r.Header.Get("rke2-Role")); err != nil {
			return &failure{http.StatusBadRequest, err.Error()}
		}
	}
	return s.json(w, s.Settings)
}

func (s *Server) clientCA(w http.ResponseWriter, _ *http.Request) error {
	s.text(w, s.Authorities.Client.PEM)
	return nil
}

func (s *Server) bootstrap(w http.ResponseWriter, _ *http.Request) error {
	packed, err := certs.Pack(s.Layout)
	if err != nil {
		return err
	}
	s.text(w, packed)
	return nil
}

func (s *Server) members(w http.ResponseWriter, r *http.Request) error {
	if !s.Member.Initialized() {
		return unavailable("etcd is not ready")
	}
	peers, err := s.Member.Peers(r.Context())
	if err != nil {
		return unavailable(err.Error())
	}
	return s.json(w, peers)
}

func (s *Server) apiservers(w http.ResponseWriter, r *http.Request) error {
	client := s.client.Load()
	if client == nil {
		return unavailable("apiserver not ready")
	}
	slices, err := client.DiscoveryV1().EndpointSlices(metav1.NamespaceDefault).
		List(r.Context(), metav1.ListOptions{LabelSelector: discovery.LabelServiceName + "=kubernetes"})
	if err != nil {
		return err
	}
	return s.json(w, Addresses(slices.Items))
}

// Addresses are the hosts behind the Service kubernetes.
func Addresses(slices []discovery.EndpointSlice) []string {
	hosts := []string{}
	for _, slice := range slices {
		for _, endpoint := range slice.Endpoints {
			hosts = append(hosts, endpoint.Addresses...)
		}
	}
	return hosts
}

func (s *Server) kubeletCert(w http.ResponseWriter, r *http.Request) error {
	name, err := s.nodeOf(r)
	if err != nil {
		return err
	}
	return s.sign(w, r, s.Authorities.Client, certs.KubeletLeaf(name))
}

func (s *Server) servingCert(w http.ResponseWriter, r *http.Request) error {
	name, err := s.nodeOf(r)
	if err != nil {
		return err
	}
	return s.sign(w, r, s.Authorities.Server, certs.ServingLeaf(name, r.Header.Get(nodeIPHeader)))
}

func (s *Server) controllerCert(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.nodeOf(r); err != nil {
		return err
	}
	return s.sign(w, r, s.Authorities.Client, certs.ControllerLeaf())
}

// nodeOf returns the name of the asking node once its password has been checked.
func (s *Server) nodeOf(r *http.Request) (string, error) {
	name, password := r.Header.Get(nodeNameHeader), r.Header.Get(nodePasswordHeader)
	if name == "" || password == "" {
		return "", &failure{http.StatusBadRequest, "node name or node password not set"}
	}
	client := s.client.Load()
	if client == nil {
		return "", unavailable("apiserver not ready")
	}
	err := node.CheckPassword(r.Context(), client, name, password)
	if errors.Is(err, node.ErrRejected) {
		return "", &failure{http.StatusForbidden, err.Error()}
	}
	return name, err
}

func (s *Server) sign(w io.Writer, r *http.Request, ca *certs.CA, leaf certs.Leaf) error {
	request, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	signed, err := ca.SignRequest(request, leaf)
	if err != nil {
		return &failure{http.StatusBadRequest, err.Error()}
	}
	s.text(w, signed)
	return nil
}
