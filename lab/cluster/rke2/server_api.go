package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"homelab/lab/cluster/rke2/certs"
	"homelab/lab/cluster/rke2/controlplane"
	"homelab/lab/cluster/rke2/node"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

const localAPI = "https://127.0.0.1:6443"

// pause waits a moment between two looks at something that takes a while.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(100 * time.Millisecond):
		return nil
	}
}

func (s *server) writeKubeconfigs() error {
	l := s.c.Layout
	ca := l.TLS("server-ca.crt")
	for path, cert := range map[string]string{
		l.AdminKubeconfig():             l.TLS("client-admin"),
		l.Cred("controller.kubeconfig"): l.TLS("client-controller"),
		l.Cred("scheduler.kubeconfig"):  l.TLS("client-scheduler"),
		l.Cred("supervisor.kubeconfig"): l.TLS("client-supervisor"),
		l.Agent("kubelet.kubeconfig"):   l.Agent("client-kubelet"),
	} {
		if err := certs.WriteKubeconfig(path, localAPI, ca, cert); err != nil {
			return err
		}
	}
	if err := s.authorities.Client.Ensure(l.Agent("client-kubelet"), certs.KubeletLeaf(s.c.NodeName)); err != nil {
		return err
	}
	serving := certs.ServingLeaf(s.c.NodeName, s.c.NodeIP)
	if err := s.authorities.Server.Ensure(l.Agent("serving-kubelet"), serving); err != nil {
		return err
	}
	for name, ca := range map[string]*certs.CA{"server-ca.crt": s.authorities.Server, "client-ca.crt": s.authorities.Client} {
		if err := certs.Write(l.Agent(name), ca.PEM, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// startAPIServer runs kube-apiserver and returns once it is ready and knows this node.
func (s *server) startAPIServer(ctx context.Context) error {
	args, err := controlplane.APIServer(s.c)
	if err != nil {
		return fmt.Errorf("kube-apiserver-arg: %w", err)
	}
	if err := s.child("kube-apiserver", args); err != nil {
		return err
	}
	if err := s.awaitReadyz(ctx); err != nil {
		return err
	}
	config, err := clientConfig(s.c.Layout.AdminKubeconfig())
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	s.supervisor.Ready(client)
	for {
		err := node.CheckPassword(ctx, client, s.c.NodeName, s.password)
		// The namespace kube-system is made by the apiserver itself, a moment after it is ready.
		if !apierrors.IsNotFound(err) {
			return errors.Join(err, s.publish(err))
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// publish puts kubectl and its kubeconfig where people look for them, once the API answers.
func (s *server) publish(failed error) error {
	if failed != nil {
		return nil
	}
	kubectl := filepath.Join(s.c.Layout.DataDir, "bin", "kubectl")
	if err := os.MkdirAll(filepath.Dir(kubectl), 0o755); err != nil {
		return err
	}
	if err := link(binary("kubectl"), kubectl); err != nil {
		return err
	}
	cert, err := os.ReadFile(s.c.Layout.TLS("client-admin.crt"))
	if err != nil {
		return err
	}
	key, err := os.ReadFile(s.c.Layout.TLS("client-admin.key"))
	if err != nil {
		return err
	}
	content, err := certs.Kubeconfig(
		api.Cluster{Server: localAPI, CertificateAuthorityData: s.authorities.Server.PEM},
		api.AuthInfo{ClientCertificateData: cert, ClientKeyData: key})
	if err != nil {
		return err
	}
	if err := certs.Write(s.c.KubeconfigPath, content, s.c.KubeconfigMode); err != nil {
		return err
	}
	s.log.Info("Wrote kubeconfig " + s.c.KubeconfigPath)
	return nil
}

// awaitReadyz polls the local apiserver until /readyz answers 200.
func (s *server) awaitReadyz(ctx context.Context) error {
	cert, err := tls.LoadX509KeyPair(s.c.Layout.TLS("client-supervisor.crt"), s.c.Layout.TLS("client-supervisor.key"))
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AddCert(s.authorities.Server.Cert)
	client := &http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{
			RootCAs: pool, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12,
		}},
	}
	defer client.CloseIdleConnections()
	for said := false; ; said = true {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, localAPI+"/readyz", nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err == nil {
			if err := response.Body.Close(); err != nil {
				return err
			}
			if response.StatusCode == http.StatusOK {
				s.log.Info("Kube API server is now running")
				return nil
			}
		}
		if !said {
			s.log.Info("Waiting for API server to become available")
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

func clientConfig(kubeconfig string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.UserAgent = "rke2/" + version
	config.QPS, config.Burst = 50, 100
	return config, nil
}
